import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, count, number } from "../../lib/time";
import { PackageLink } from "../packages/package-link";

type TopPackage = { package: string; downloads: number; bytes: number };

/** The packages that were downloaded most. */
export function TopPackages({ top }: { top: readonly TopPackage[] }) {
  return (
    <Ranked
      none="Nothing was downloaded."
      rows={top.map((one) => ({
        key: one.package,
        name: <PackageLink name={one.package} />,
        value: number(one.downloads),
        note: bytes(one.bytes),
      }))}
    />
  );
}

type TopToken = { token: { id: string; description: string }; requests: number; downloads: number };

/** The tokens that asked most. */
export function TopTokens({ top }: { top: readonly TopToken[] }) {
  return (
    <Ranked
      none="No token asked for anything."
      rows={top.map(({ token, requests, downloads }) => ({
        key: token.id,
        name: (
          <Link to="/tokens/$id" params={{ id: token.id }} className="font-medium wrap-anywhere hover:underline">
            {token.description}
          </Link>
        ),
        value: number(requests),
        note: count(downloads, "download"),
      }))}
    />
  );
}

type Row = { key: string; name: ReactNode; value: string; note: string };

function Ranked({ rows, none }: { rows: Row[]; none: string }) {
  if (rows.length === 0) return <p className="text-muted">{none}</p>;
  return (
    <ol className="grid gap-2">
      {rows.map((one) => (
        <li key={one.key} className="flex justify-between gap-4">
          <span className="min-w-0">{one.name}</span>
          <span className="text-right whitespace-nowrap">
            {one.value} <span className="block text-[13px] text-muted">{one.note}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}
