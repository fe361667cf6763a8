export type { Channel, ConnectionUrls } from './channel.ts';
export { DELIVERY_RETRIES, type Deliverer, type DelivererOptions, MOST_TRIES, startDeliverer } from './deliverer.ts';
export { createEmailChannel } from './email.ts';
export { BadConnectionError, HookFailedError, NoPlaceError, RefusedError, UnknownConnectionError } from './errors.ts';
export { whatItSaid } from './said.ts';
export { signature } from './signature.ts';
export { createWebhookChannel } from './webhook.ts';
