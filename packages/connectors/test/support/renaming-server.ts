/**
 * A server in front of FerretDB that can rename a collection over another one, as MongoDB does, in one step: what other clients ask
 * meanwhile waits. Everything else passes as it is.
 */
import { createConnection, createServer, type Socket } from 'node:net';
import { BSON, type Document, MongoClient } from 'mongodb';
import { type FerretDbServer, startFerretDb } from '../../../../tests/support/ferretdb-server.ts';
import { freePort } from '../../../../tests/support/free-port.ts';

const HEADER = 16;
const OP_MSG = 2013;
/** Behind the header and the flags comes one section, of kind 0: the command. */
const BODY = HEADER + 5;
const NAMESPACE_NOT_FOUND = 26;

export interface RenamingServer {
  readonly url: string;
  /** Commands that were renames over another collection, done. */
  readonly renames: () => number;
  stop(): Promise<void>;
}

export async function startRenamingServer(): Promise<RenamingServer> {
  const behind: FerretDbServer = await startFerretDb();
  const client = await new MongoClient(behind.url).connect();
  const sockets = new Set<Socket>();
  let renames = 0;
  let turn: Promise<unknown> = Promise.resolve();
  /** Commands that are not answered yet: a rename waits for them, or they would read while it happens. */
  let asked = 0;
  const quiet = async (): Promise<void> => {
    while (asked > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  };

  async function renameOver(from: string, to: string): Promise<Document> {
    const [database = '', source = ''] = splitName(from);
    const db = client.db(database);
    if ((await db.listCollections({ name: source }, { nameOnly: true }).toArray()).length === 0)
      return { ok: 0, code: NAMESPACE_NOT_FOUND, codeName: 'NamespaceNotFound', errmsg: `Source collection ${from} does not exist` };
    const target = splitName(to)[1] ?? '';
    await db
      .collection(target)
      .drop()
      .catch(() => {});
    await db.renameCollection(source, target);
    renames += 1;
    return { ok: 1 };
  }

  const proxy = createServer((near) => {
    const far = createConnection({ port: behind.port, host: '127.0.0.1' });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    let own = 0;
    let answers = Buffer.alloc(0);
    far.on('data', (chunk) => {
      near.write(chunk);
      answers = Buffer.concat([answers, chunk]);
      while (answers.length >= 4 && answers.length >= answers.readInt32LE(0)) {
        answers = answers.subarray(answers.readInt32LE(0));
        own -= 1;
        asked -= 1;
      }
    });
    far.on('close', () => {
      asked -= own;
      own = 0;
    });
    let rest = Buffer.alloc(0);
    near.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const message = rest.subarray(0, rest.readInt32LE(0));
        rest = rest.subarray(message.length);
        const command = commandOf(message);
        if (command?.renameCollection !== undefined && command.dropTarget === true) {
          turn = turn
            .then(quiet)
            .then(async () => near.write(replyTo(message, await renameOver(String(command.renameCollection), String(command.to)))));
        } else
          void turn.then(() => {
            if (far.destroyed) return;
            own += 1;
            asked += 1;
            far.write(message);
          });
      }
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
  return {
    url: `mongodb://127.0.0.1:${port}`,
    renames: () => renames,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      await client.close();
      await behind.stop();
    },
  };
}

function commandOf(message: Buffer): Document | undefined {
  if (message.readInt32LE(12) !== OP_MSG || message[BODY - 1] !== 0) return undefined;
  return BSON.deserialize(message.subarray(BODY, BODY + message.readInt32LE(BODY)));
}

function replyTo(message: Buffer, reply: Document): Buffer {
  const body = BSON.serialize(reply);
  const head = Buffer.alloc(BODY);
  head.writeInt32LE(BODY + body.length, 0);
  head.writeInt32LE(message.readInt32LE(4), 8);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, body]);
}

function splitName(name: string): readonly string[] {
  const dot = name.indexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
}
