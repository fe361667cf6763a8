/** What a server says beside its status, as far as people need it: whatever it goes on to send is not read. */
const MOST_SHOWN = 200;
/** Of bytes; spaces that are taken out are among them. */
const MOST_READ = 4_096;

/** On one line, empty where it says nothing or breaks off. Never rejects. */
export async function whatItSaid(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of response.body ?? []) {
      pieces.push(piece);
      bytes += piece.byteLength;
      if (bytes >= MOST_READ) break;
    }
  } catch {
    // The status has been told.
  }
  return Buffer.concat(pieces).subarray(0, MOST_READ).toString('utf8').replaceAll(/\s+/g, ' ').trim().slice(0, MOST_SHOWN);
}
