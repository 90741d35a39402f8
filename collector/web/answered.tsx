import type { ComponentChild } from 'preact';
import type { Asked } from './ask.js';

/** What is made of an answer, once it is there. */
export function Answered<T>({
  asked,
  children,
}: {
  readonly asked: Asked<T>;
  readonly children: (answer: T) => ComponentChild;
}) {
  if (asked.state === 'answered') return <>{children(asked.answer)}</>;
  return <p class="panel waiting">Asking …</p>;
}

/** Says why there is no answer. */
export function Failure({ message }: { readonly message: string }) {
  return (
    <p class="panel failure" role="alert">
      {message}
    </p>
  );
}
