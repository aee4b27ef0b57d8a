import { Link } from "@tanstack/react-router";

/** A package's name, which leads to its page. */
export function PackageLink({ name }: { name: string }) {
  const [vendor = "", short = ""] = name.split("/");
  return (
    <Link
      to="/packages/$vendor/$name"
      params={{ vendor, name: short }}
      className="font-medium wrap-words hover:underline"
    >
      {name}
    </Link>
  );
}
