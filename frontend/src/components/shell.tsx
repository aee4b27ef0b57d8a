import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, Navigate, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import {
  Bell,
  Boxes,
  ChartColumn,
  GitCompare,
  House,
  KeyRound,
  LogOut,
  Moon,
  Package,
  ScrollText,
  Settings,
  Sun,
  UserRound,
  Users,
} from "lucide-react";
import { Fragment, useEffect, useRef, useState } from "react";
import { signOut, viewerQuery } from "../features/account/queries";
import { SignInAgain } from "../features/account/sign-in-again";
import type { Action } from "../gql/graphql";
import { compact } from "../lib/time";
import { useKeptFocus } from "./kept-focus";
import { Offline } from "./offline";

const pages = [
  { to: "/", label: "Overview", icon: House, exact: true },
  { to: "/tokens", label: "Access Tokens", icon: KeyRound, exact: false },
  { to: "/repositories", label: "Repositories", icon: Boxes, exact: false },
  { to: "/packages", label: "Packages", icon: Package, exact: false },
  { to: "/versions", label: "Versions", icon: GitCompare, exact: false },
  { to: "/usage", label: "Usage", icon: ChartColumn, exact: false },
  { to: "/audit", label: "Audit", icon: ScrollText, exact: false },
  { to: "/users", label: "People", icon: Users, exact: false },
  { to: "/notices", label: "Notices", icon: Bell, exact: false },
  { to: "/settings", label: "Settings", icon: Settings, exact: false },
] as const;

/** What somebody must be allowed to do to be led to a page; to the others everybody is. */
const needs: Partial<Record<(typeof pages)[number]["to"], Action>> = {
  "/users": "READ_PEOPLE",
  "/notices": "READ_SETTINGS",
  "/settings": "READ_SETTINGS",
};

/**
 * The frame of every page of a person who has signed in. Nobody is led to a page that they may not see, and nothing of a
 * page stays when another person has signed in.
 */
export function Shell() {
  const nav = useActiveInView();
  const content = useRef<HTMLElement>(null);
  useKeptFocus(content);
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  const theirs = pages.filter(({ to }) => {
    const action = needs[to];
    return !action || viewer.may.includes(action);
  });
  if (viewer.secondFactorMissing) return <Navigate to="/second-factor" />; // decided while the page was open
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[14rem_1fr]">
      <a
        href="#content"
        className="sr-only z-50 rounded bg-panel px-3 py-2 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <header className="flex flex-wrap items-center justify-between gap-x-4 border-line border-b px-3 py-2 md:sticky md:top-0 md:h-dvh md:flex-col md:flex-nowrap md:items-stretch md:border-r md:border-b-0 md:py-4">
        <span className="px-2 py-1 font-semibold md:mb-3">Package broker</span>
        <nav
          ref={nav}
          aria-label="Pages"
          className="order-last flex w-full gap-1 overflow-x-auto max-md:scroll-pr-14 max-md:scroll-pl-8 max-md:mask-r-from-85% max-md:pr-14 md:order-none md:flex-1 md:flex-col"
        >
          {theirs.map(({ to, label, icon: Icon, exact }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact, includeSearch: false }}
              className="flex min-h-9 items-center gap-2.5 rounded-md px-2.5 py-1.5 font-medium whitespace-nowrap hover:bg-soft"
              activeProps={{ className: "bg-soft" }}
            >
              <Icon size={16} aria-hidden className="max-md:hidden" />
              {label}
              {to === "/versions" && viewer.waiting > 0 && <Waiting versions={viewer.waiting} />}
            </Link>
          ))}
        </nav>
        <Person />
      </header>
      <main ref={content} id="content" className="min-w-0 px-4 py-6 md:px-8 md:py-8">
        <Offline />
        <Fragment key={viewer.id}>
          <Outlet />
        </Fragment>
      </main>
      <SignInAgain />
    </div>
  );
}

/** How many versions wait for a person, beside the link to them. */
function Waiting({ versions }: { versions: number }) {
  return (
    <span className="relative ml-auto rounded-full bg-warn-soft px-2 text-[13px] text-warn max-md:ml-0">
      {compact(versions)}
      <span className="sr-only">{versions === 1 ? " waits" : " wait"} for a decision</span>
    </span>
  );
}

/** Keeps the open page's link in sight where the pages do not fit beside each other. */
function useActiveInView() {
  const nav = useRef<HTMLElement>(null);
  const path = useLocation({ select: (location) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path decides which link is the active one
  useEffect(() => {
    nav.current?.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [path]);
  return nav;
}

function Person() {
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: signOut,
    onSettled: () => {
      client.clear();
      void navigate({ to: "/login" });
    },
  });
  return (
    <div className="flex items-center justify-between gap-1 px-2 text-[13px]">
      <span className="truncate text-muted max-sm:sr-only" title={`${viewer.email}, ${viewer.role.toLowerCase()}`}>
        {viewer.email}
      </span>
      <span className="flex">
        <Link
          to="/account"
          aria-label="Your account"
          title="Your account"
          className="rounded-md p-2 hover:bg-soft"
          activeProps={{ className: "bg-soft" }}
        >
          <UserRound size={16} aria-hidden />
        </Link>
        <ThemeButton />
        <button
          type="button"
          aria-label="Sign out"
          title="Sign out"
          className="rounded-md p-2 hover:bg-soft"
          onClick={() => leave.mutate()}
        >
          <LogOut size={16} aria-hidden />
        </button>
      </span>
    </div>
  );
}

function ThemeButton() {
  const [dark, setDark] = useState(() => document.documentElement.classList.contains("dark"));
  const toggle = () => {
    document.documentElement.classList.toggle("dark", !dark);
    try {
      localStorage.setItem("theme", dark ? "light" : "dark");
    } catch {
      // a browser that keeps nothing: the theme holds until the page is left
    }
    setDark(!dark);
  };
  const label = dark ? "Use the light theme" : "Use the dark theme";
  return (
    <button type="button" aria-label={label} title={label} className="rounded-md p-2 hover:bg-soft" onClick={toggle}>
      {dark ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
    </button>
  );
}
