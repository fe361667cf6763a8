/** The sampler that `OTEL_TRACES_SAMPLER` names. The SDK leaves reading it to others. */
import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, type Sampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { TracingSettingError } from './tracing.ts';

/** Throws TracingSettingError. */
export function samplerOf(env: Readonly<Record<string, string | undefined>>): Sampler {
  const name = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on';
  const root = rootSampler(name.replace(/^parentbased_/, ''), env.OTEL_TRACES_SAMPLER_ARG);
  if (root === undefined)
    throw new TracingSettingError(
      `OTEL_TRACES_SAMPLER must be always_on, always_off, traceidratio or one of these after parentbased_, not "${name}"`,
    );
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, given: string | undefined): Sampler | undefined {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratioOf(given));
    default:
      return undefined;
  }
}

function ratioOf(given: string | undefined): number {
  const ratio = given === undefined || given === '' ? 1 : Number(given);
  if (!(ratio >= 0 && ratio <= 1)) throw new TracingSettingError(`OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not "${given}"`);
  return ratio;
}
