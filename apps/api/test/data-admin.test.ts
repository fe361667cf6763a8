/** Whatever is asked of the data of a connection over the API, it is kept out of the networks of the setting. */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { loadConfiguration } from '@headrace/configuration';
import { refuseNetworks } from '@headrace/connectors/refused-networks';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { guardedDataAdmin } from '../src/data-admin.ts';

let server: Server;
let url: string;
let heard = 0;
beforeAll(async () => {
  server = createServer((socket) => {
    heard += 1;
    socket.on('error', () => {}).destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `postgres://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/db`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

test('each question is kept out of them', async () => {
  const admin = guardedDataAdmin(refuseNetworks(['127.0.0.0/8']));
  const settings = { id: 'c', url };
  expect(await admin.testConnection(settings)).toMatchObject({ ok: false, message: expect.stringContaining('HEADRACE_REFUSED_NETWORKS') });
  await expect(admin.listCursors(settings)).rejects.toThrow();
  await expect(admin.rewindCursor(settings, 'x', '1')).rejects.toThrow();
  await expect(admin.resetCursor(settings, 'x')).rejects.toThrow();
  expect(heard).toBe(0);
});

test('by default they are those of metadata services, and a setting names others or none', async () => {
  const { refusedNetworks } = await loadConfiguration({ env: {}, cwd: '/' });
  const admin = guardedDataAdmin(refuseNetworks(refusedNetworks));
  for (const host of [
    '169.254.169.254',
    '169.254.170.2',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
  ])
    expect(await admin.testConnection({ id: 'c', url: `http://${host}/` })).toMatchObject({
      ok: false,
      message: expect.stringContaining('HEADRACE_REFUSED_NETWORKS'),
    });
  expect((await loadConfiguration({ env: { HEADRACE_REFUSED_NETWORKS: '10.0.0.0/8, ::1' }, cwd: '/' })).refusedNetworks).toEqual([
    '10.0.0.0/8',
    '::1',
  ]);
  expect((await loadConfiguration({ env: { HEADRACE_REFUSED_NETWORKS: 'none' }, cwd: '/' })).refusedNetworks).toEqual(['none']);
  await expect(loadConfiguration({ env: { HEADRACE_REFUSED_NETWORKS: 'example.com' }, cwd: '/' })).rejects.toThrow(
    'HEADRACE_REFUSED_NETWORKS',
  );
});
