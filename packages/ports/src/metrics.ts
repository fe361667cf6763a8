/** Metrics in our words. Names and label names are declared once, in the telemetry package's list. */
export interface Metrics {
  count(name: string, labels?: Labels, by?: number): void;
  gauge(name: string, value: number, labels?: Labels): void;
  /** Seconds, for histograms. */
  observe(name: string, seconds: number, labels?: Labels): void;
}

export type Labels = Readonly<Record<string, string>>;

export const noMetrics: Metrics = { count() {}, gauge() {}, observe() {} };
