/** The head of a column; that of numbers stands on the right, as they do. */
export type Head = string | { readonly number: string };

/** The heads of a table's columns. */
export function Heads({ of }: { readonly of: readonly Head[] }) {
  return (
    <thead>
      <tr>
        {of.map((head) =>
          typeof head === 'string' ? (
            <th scope="col" key={head}>
              {head}
            </th>
          ) : (
            <th scope="col" class="number" key={head.number}>
              {head.number}
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}
