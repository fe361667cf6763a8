// Runs before `npm start` and `npm test`, on whatever Node there is, and says what is wrong where Node itself would only
// say that it does not know the extension ".ts".
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Headrace needs Node 22.18 or newer, and this is ${process.version} (${process.execPath}).\n` +
      'On Linux x64, `npm ci` brings Node 24 along as an optional dependency, and npm scripts use it: install again without --omit=optional.\n' +
      'Elsewhere install Node 24 from https://nodejs.org.',
  );
  process.exit(1);
}
