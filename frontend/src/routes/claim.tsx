import { createFileRoute } from "@tanstack/react-router";
import { ClaimPage } from "../features/access/claim-page";

export const Route = createFileRoute("/claim")({ component: ClaimPage });
