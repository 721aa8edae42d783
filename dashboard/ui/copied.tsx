import { useEffect, useState } from 'react';

const SAID_FOR_MS = 1_500;

/** A long value in full, and a button that copies it. */
export function Copied({ value }: { readonly value: string }) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <span className="copied">
      <code>{value}</code>
      {/* Only pages that came by a safe way may write to the clipboard. */}
      {window.isSecureContext ? (
        <button
          type="button"
          className="quiet copy"
          onClick={() => void navigator.clipboard.writeText(value).then(() => setIsCopied(true))}
        >
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      ) : null}
    </span>
  );
}
