import { Readable } from 'node:stream';
import { ObjectNotFoundError, type ObjectStore } from '@headrace/ports';

/** An object store in memory that keeps every put, so that a test can see what was readable when. */
export class MemoryObjects implements ObjectStore {
  readonly objects = new Map<string, Buffer>();
  readonly puts: { readonly key: string; readonly size: number }[] = [];

  async put(key: string, body: Uint8Array | Readable): Promise<void> {
    const bytes = body instanceof Readable ? Buffer.concat(await body.toArray()) : Buffer.from(body);
    this.objects.set(key, bytes);
    this.puts.push({ key, size: bytes.length });
  }

  async get(key: string): Promise<Readable> {
    const bytes = this.objects.get(key);
    if (bytes === undefined) throw new ObjectNotFoundError(key);
    return Readable.from([bytes]);
  }

  async head(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    const bytes = this.objects.get(key);
    return bytes === undefined ? undefined : { size: bytes.length, modifiedAt: 0 };
  }

  async *list(prefix: string): AsyncIterable<{ key: string; size: number }> {
    for (const [key, bytes] of [...this.objects].sort()) if (key.startsWith(prefix)) yield { key, size: bytes.length };
  }

  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }
}
