/** A link to where there is more about something. */
export function More({ address }: { address: string }) {
  return (
    <a href={address} rel="noopener noreferrer" className="text-accent underline">
      More
    </a>
  );
}
