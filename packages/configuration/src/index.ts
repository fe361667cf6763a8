export { ConfigurationError } from './configuration-error.ts';
export { type ConfigurationSources, loadConfiguration } from './load-configuration.ts';
export { makeSecretKey, secretKeysOf } from './secret-keys.ts';
export { secretsOf } from './secrets.ts';
export { forService, type ServiceConfiguration } from './service-configuration.ts';
export { type Configuration, type ConfigurationFile, environmentNames } from './settings.ts';
export { type ShownSettings, shownSettings } from './shown-settings.ts';
