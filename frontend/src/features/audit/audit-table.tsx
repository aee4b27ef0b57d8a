import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import { Address } from "../../components/address";
import { cell, row } from "../../components/page";
import { TableHead } from "../../components/table";
import { Time } from "../../components/time";
import { number } from "../../lib/time";
import type { AuditEvent } from "./queries";
import { actionName, detailsOf, isInstant, objectName } from "./words";

type Props = { events: AuditEvent[]; dimmed: boolean; withoutObject?: boolean };

/** Events, each of which opens to tell what changed. */
export function AuditTable({ events, dimmed, withoutObject }: Props) {
  const titles = ["Time", "Actor", "Action", ...(withoutObject ? [] : ["Object"]), "Address"];
  return (
    <table className={`w-full border-collapse ${dimmed ? "opacity-60" : ""}`}>
      <TableHead titles={titles} cards />
      <tbody>
        {events.map((event) => (
          <EventRows key={event.id} event={event} columns={titles.length} withoutObject={withoutObject} />
        ))}
      </tbody>
    </table>
  );
}

type RowProps = { event: AuditEvent; columns: number; withoutObject?: boolean };

function EventRows({ event, columns, withoutObject }: RowProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <>
      <tr className={`${row} align-top max-sm:block max-sm:pb-2`}>
        <th scope="row" className={`${cell} align-top font-normal whitespace-nowrap max-sm:block`}>
          <button
            type="button"
            aria-expanded={open}
            aria-controls={id}
            onClick={() => setOpen(!open)}
            className="-mx-1.5 flex min-h-6 items-center gap-1.5 rounded px-1.5 hover:bg-soft"
          >
            <Chevron size={15} aria-hidden className="text-muted" />
            <Time at={event.at} />
          </button>
        </th>
        <td className={`${cell} align-top wrap-words max-sm:inline-block max-sm:py-1 max-sm:pl-8`}>{event.actor}</td>
        <td className={`${cell} align-top max-sm:inline-block max-sm:py-1 max-sm:pl-0`}>{actionName(event.action)}</td>
        {!withoutObject && (
          <td className={`${cell} align-top max-sm:block max-sm:py-1 max-sm:pl-8`}>
            <EventObject event={event} />
          </td>
        )}
        <td className={`${cell} align-top max-sm:block max-sm:py-1 max-sm:pl-8`}>
          <Address text={event.address ?? ""} />
        </td>
      </tr>
      <tr id={id} hidden={!open} className={open ? "max-sm:block" : undefined}>
        <td colSpan={columns} className="px-3 pb-4 pl-9 max-sm:block">
          {open && <EventDetails event={event} />}
        </td>
      </tr>
    </>
  );
}

/** What it was done to: its name of then, and a link to it where it has a page. */
function EventObject({ event }: { event: AuditEvent }) {
  const { target } = event;
  const name = objectName(event.details) ?? target;
  const link = "wrap-anywhere hover:underline";
  if (target?.startsWith("tok_")) {
    return (
      <Link to="/tokens/$id" params={{ id: target }} className={link}>
        {name}
      </Link>
    );
  }
  if (target?.startsWith("repo_")) {
    return (
      <Link to="/repositories/$id" params={{ id: target }} className={link}>
        {name}
      </Link>
    );
  }
  return <span className="wrap-anywhere">{name}</span>;
}

function EventDetails({ event }: { event: AuditEvent }) {
  const rows = [
    ...detailsOf(event.details),
    { name: "Number", value: number(event.number) },
    { name: "At", value: event.at },
    ...(event.target ? [{ name: "Object", value: event.target }] : []),
    ...(event.client ? [{ name: "Client", value: event.client }] : []),
    { name: "Action", value: event.action },
  ];
  return (
    <div className="grid gap-3 rounded-md bg-soft p-3 text-[13px]">
      <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[auto_minmax(0,1fr)]">
        {rows.map(({ name, value, ...rest }) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="wrap-anywhere">
              {"before" in rest && rest.before !== undefined && (
                <>
                  <del className="text-muted">
                    <Told value={rest.before} />
                  </del>{" "}
                  <span className="sr-only">became</span>
                  <span aria-hidden>→</span>{" "}
                </>
              )}
              <Told value={value} />
            </dd>
          </div>
        ))}
      </dl>
      <Narrow event={event} />
    </div>
  );
}

/** One thing that an event tells: a text, or an instant. */
function Told({ value }: { value: string }) {
  return isInstant(value) ? <Time at={value} long /> : value;
}

/** Links to the events of the same object, and to those of the same actor. */
function Narrow({ event: { target, actor } }: { event: AuditEvent }) {
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1">
      {target && (
        <Link to="/audit" search={{ target }} className="text-accent underline">
          All events of this object
        </Link>
      )}
      <Link to="/audit" search={{ actor }} className="text-accent underline">
        All that {actor} did
      </Link>
    </p>
  );
}
