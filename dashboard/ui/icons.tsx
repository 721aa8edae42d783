/** The mark of the product. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 22v-5M13.3 22V10M18.7 22v-8M24 22V7" />
    </svg>
  );
}
