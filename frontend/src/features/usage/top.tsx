import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, number } from "../../lib/time";
import { PackageLink } from "../packages/package-link";

type TopPackage = { package: string; downloads: number; bytes: number };

/** The packages that were downloaded most. */
export function TopPackages({ top }: { top: readonly TopPackage[] }) {
  return (
    <Ranked
      none="Nothing was downloaded."
      titles={["Package", "Downloads", "Sent"]}
      rows={top.map((one) => ({
        key: one.package,
        name: <PackageLink name={one.package} />,
        values: [number(one.downloads), bytes(one.bytes)],
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
      titles={["Token", "Requests", "Downloads"]}
      rows={top.map(({ token, requests, downloads }) => ({
        key: token.id,
        name: (
          <Link to="/tokens/$id" params={{ id: token.id }} className="font-medium wrap-anywhere hover:underline">
            {token.description}
          </Link>
        ),
        values: [number(requests), number(downloads)],
      }))}
    />
  );
}

type RankedProps = {
  none: string;
  titles: [string, string, string];
  rows: { key: string; name: ReactNode; values: [string, string] }[];
};

function Ranked({ rows, titles, none }: RankedProps) {
  if (rows.length === 0) return <p className="text-muted">{none}</p>;
  return (
    <table className="w-full border-collapse">
      <thead>
        <tr className="text-[13px] text-muted">
          {titles.map((title, i) => (
            <th key={title} scope="col" className={`pb-1 font-medium ${i === 0 ? "text-left" : "pl-3 text-right"}`}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, name, values }) => (
          <tr key={key}>
            <th scope="row" className="py-1 text-left font-normal">
              {name}
            </th>
            <td className="py-1 pl-3 text-right whitespace-nowrap">{values[0]}</td>
            <td className="py-1 pl-3 text-right whitespace-nowrap text-muted">{values[1]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
