import { later } from "../../components/later";

/** The dialogs about repositories and what only some of them show, each of which is loaded when it is asked for. */
export const RepositoryDialog = later(async () => (await import("./form-dialog")).RepositoryDialog);
export const RemoveRepository = later(async () => (await import("./remove-dialog")).RemoveRepository);
export const UploadPanel = later(async () => (await import("./upload")).UploadPanel);
export const ReleaseNames = later(async () => (await import("./release-dialog")).ReleaseNames);
export const WebhookPanel = later(async () => (await import("./webhook")).WebhookPanel);
export const OrganizationWebhook = later(async () => (await import("./webhook")).OrganizationWebhook);
export const OrganizationDialog = later(async () => (await import("./organization-dialog")).OrganizationDialog);
export const RemoveOrganization = later(async () => (await import("./organization-dialog")).RemoveOrganization);
