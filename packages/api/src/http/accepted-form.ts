/** In which of the forms that there are an answer is wanted, by the Accept header. */
import { ApiProblem } from './api-problem.ts';

/** The first of the caller's that there is; of several that fit it, the first. `what`: for the error. Throws HR_NOT_ACCEPTABLE. */
export function acceptedForm<Form extends string>(what: string, accept: string | undefined, forms: readonly [Form, ...Form[]]): Form {
  for (const part of (accept ?? '*/*').split(',')) {
    const wanted = part.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const found = forms.find((form) => wanted === '*/*' || wanted === form || wanted === `${form.split('/', 1)[0]}/*`);
    if (found !== undefined) return found;
  }
  throw new ApiProblem('HR_NOT_ACCEPTABLE', `${what} can be had as ${forms.slice(0, -1).join(', ')} or ${forms.at(-1)}, not as ${accept}`);
}
