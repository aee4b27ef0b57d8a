import { Link } from "@tanstack/react-router";

/** A package's name, which leads to its page; marked where names that lead nowhere stand beside it. */
export function PackageLink({ name, marked }: { name: string; marked?: boolean }) {
  const [vendor = "", short = ""] = name.split("/");
  return (
    <Link
      to="/packages/$vendor/$name"
      params={{ vendor, name: short }}
      className={`font-medium wrap-words ${marked ? "text-accent underline" : "hover:underline"}`}
    >
      {name}
    </Link>
  );
}
