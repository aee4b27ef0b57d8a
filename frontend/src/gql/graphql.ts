/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/**
 * actor: a name or an id. action: one, such as token.create, or all of a kind, such as token. target: an id. search: part
 * of the actor, the action, the target or the details. after is inclusive, before is not.
 */
export type AuditEventWhere = {
  actor?: string | null | undefined;
  action?: string | null | undefined;
  target?: string | null | undefined;
  search?: string | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
};

export type OrderDirection =
  | 'ASC'
  | 'DESC';

/** code: the part after # in the set-up link the server printed. */
export type SetupInput = {
  code: string;
  email: string;
  password: string;
};

/**
 * Something that a caller may do or not. MANAGE_REPOSITORIES: add, change, remove and sync them. DECIDE_VERSIONS: accept and
 * reject what changed, let through, block, write advisories. MANAGE_TOKENS: change, rotate, disable and revoke them.
 * RELEASE_TOKENS: from the token that made them. MANAGE_ACCOUNT: their own.
 */
export type Action =
  | 'READ_PACKAGES'
  | 'READ_REPOSITORIES'
  | 'MANAGE_REPOSITORIES'
  | 'UPLOAD_PACKAGES'
  | 'DECIDE_VERSIONS'
  | 'READ_TOKENS'
  | 'CREATE_TOKENS'
  | 'MANAGE_TOKENS'
  | 'RELEASE_TOKENS'
  | 'READ_USAGE'
  | 'READ_AUDIT'
  | 'READ_SETTINGS'
  | 'READ_PEOPLE'
  | 'MANAGE_PEOPLE'
  | 'MANAGE_SETTINGS'
  | 'MANAGE_ACCOUNT';

/** PENDING: it is sent, or sent again, soon. FAILED: it is not tried any more, unless it is sent again by hand. */
export type NoticeDeliveryStatus =
  | 'PENDING'
  | 'DELIVERED'
  | 'FAILED';

/** kinds: left out or empty, all of them. description: up to 200 characters. */
export type CreateNoticeEndpointInput = {
  url: string;
  description?: string | null | undefined;
  kinds?: Array<string> | null | undefined;
};

/** What is left out stays. */
export type UpdateNoticeEndpointInput = {
  url?: string | null | undefined;
  description?: string | null | undefined;
  kinds?: Array<string> | null | undefined;
  enabled?: boolean | null | undefined;
};

export type NoticeChoiceInput = {
  kind: string;
  mailed: boolean;
};

/** GITEA: Gitea and Forgejo. */
export type OrganizationHost =
  | 'GITHUB'
  | 'GITLAB'
  | 'GITEA';

/**
 * url: https, or http where the server's configuration allows the host; left out, of github.com or gitlab.com. token:
 * write-only, stored encrypted; it reads the API of the host and the repositories. Private ones of a user of GitHub need that
 * user's own.
 */
export type AddOrganizationInput = {
  host: OrganizationHost;
  url?: string | null | undefined;
  name: string;
  token?: string | null | undefined;
  include?: Array<string> | null | undefined;
  exclude?: Array<string> | null | undefined;
  forks?: boolean | null | undefined;
  archived?: boolean | null | undefined;
};

/** A field that is left out stays as it is. token: an empty one removes what is stored; another is given to its repositories too. */
export type UpdateOrganizationInput = {
  token?: string | null | undefined;
  include?: Array<string> | null | undefined;
  exclude?: Array<string> | null | undefined;
  forks?: boolean | null | undefined;
  archived?: boolean | null | undefined;
  enabled?: boolean | null | undefined;
};

export type Role =
  | 'OWNER'
  | 'MAINTAINER'
  | 'VIEWER';

/** Whether somebody can sign in. INVITED: once they have opened their link; INVITATION_ENDED: it was not opened in time. */
export type UserStatus =
  | 'ACTIVE'
  | 'INVITED'
  | 'INVITATION_ENDED';

/**
 * totp: of a person with a second factor, the code of their authenticator app, or a recovery code. Where it is left out or
 * wrong although the password is right, the answer is BAD_USER_INPUT with the field totp.
 */
export type SignInInput = {
  email: string;
  password: string;
  totp?: string | null | undefined;
};

export type InviteUserInput = {
  email: string;
  role: Role;
};

/** SENT: the link was sent to them by mail. FAILED: it could not be, and must be handed over. NOT_SET_UP: this server sends no mail. */
export type InvitationMail =
  | 'SENT'
  | 'FAILED'
  | 'NOT_SET_UP';

/** code: the part after # in the link. name: 1 to 100 characters, or left out. */
export type AcceptInvitationInput = {
  code: string;
  name?: string | null | undefined;
  password: string;
};

/** What is left out stays. An empty name takes it away. */
export type UpdateUserInput = {
  name?: string | null | undefined;
  role?: Role | null | undefined;
};

/** COMPOSER: another Composer repository. VCS: a git repository, whose branches and tags are versions. ARTIFACT: archives that are uploaded to this server (PUT /upload/NAME); it has no url and is never synced. */
export type RepositoryType =
  | 'COMPOSER'
  | 'VCS'
  | 'ARTIFACT';

export type RepositoryStatus =
  | 'PENDING'
  | 'SYNCING'
  | 'READY'
  | 'FAILED'
  | 'DISABLED';

/**
 * REWRITE: archives come from this server alone. MIRROR: from this server first, and after any error from the address at the
 * source, so that blocks, cooldowns and what a token may have do not hold.
 */
export type DistMode =
  | 'REWRITE'
  | 'MIRROR';

export type CredentialType =
  | 'NONE'
  | 'HTTP_BASIC'
  | 'BEARER'
  | 'HEADER'
  | 'GITHUB'
  | 'GITLAB'
  | 'BITBUCKET'
  | 'GITEA'
  | 'SSH_KEY';

export type SyncStatus =
  | 'QUEUED'
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'CANCELED';

/**
 * name: a-z, 0-9 and -, unique. url: https, or http where the server's configuration allows the host; of a git repository
 * also ssh, as ssh://git@host/path or git@host:path. paths: of a git repository with several packages.
 */
export type CreateRepositoryInput = {
  name: string;
  type: RepositoryType;
  url?: string | null | undefined;
  packages?: Array<string> | null | undefined;
  owns?: Array<string> | null | undefined;
  paths?: Array<string> | null | undefined;
  /** Left out: the usual public hosts. An empty list: the source's own host alone. */
  packFrom?: Array<string> | null | undefined;
  priority?: number | null | undefined;
  distMode?: DistMode | null | undefined;
  /** 0 to 365 */
  cooldownDays?: number | null | undefined;
  cooldownExceptions?: Array<string> | null | undefined;
  credential?: CredentialInput | null | undefined;
};

/** A field that is left out stays as it is. */
export type UpdateRepositoryInput = {
  name?: string | null | undefined;
  url?: string | null | undefined;
  packages?: Array<string> | null | undefined;
  owns?: Array<string> | null | undefined;
  /** An empty list: the package at the top alone. */
  paths?: Array<string> | null | undefined;
  /** An empty list: the source's own host alone. */
  packFrom?: Array<string> | null | undefined;
  /** Has the next sync trust the key that the host of a git repository shows then. */
  forgetHostKeys?: boolean | null | undefined;
  priority?: number | null | undefined;
  distMode?: DistMode | null | undefined;
  /** 0 to 365 */
  cooldownDays?: number | null | undefined;
  cooldownExceptions?: Array<string> | null | undefined;
  credential?: CredentialInput | null | undefined;
  enabled?: boolean | null | undefined;
};

/**
 * Write-only: stored encrypted, never returned. HTTP_BASIC takes username and secret, BEARER secret, HEADER header (the name)
 * and secret. GITHUB, GITLAB, BITBUCKET and GITEA take a token as secret and send it as these hosts want it: see
 * docs/sources.md. SSH_KEY, for git repositories, takes a private key without a passphrase.
 */
export type CredentialInput = {
  type: CredentialType;
  username?: string | null | undefined;
  secret?: string | null | undefined;
  header?: string | null | undefined;
};

export type RepositoryWhere = {
  search?: string | null | undefined;
  type?: RepositoryType | null | undefined;
  status?: RepositoryStatus | null | undefined;
};

/** package: a name. affectedVersions: a Composer constraint. title: one line of up to 200 characters. severity: low, medium, high or critical. */
export type CreateAdvisoryInput = {
  package: string;
  affectedVersions: string;
  title: string;
  cve?: string | null | undefined;
  link?: string | null | undefined;
  severity?: string | null | undefined;
};

/** What is left out, or null, stays as it is; an empty cve, link or severity is removed. */
export type UpdateAdvisoryInput = {
  affectedVersions?: string | null | undefined;
  title?: string | null | undefined;
  cve?: string | null | undefined;
  link?: string | null | undefined;
  severity?: string | null | undefined;
};

export type PackageWhere = {
  search?: string | null | undefined;
  repository?: string | null | undefined;
  type?: string | null | undefined;
};

export type PackageOrder = {
  field: PackageOrderField;
  direction?: OrderDirection;
};

export type PackageOrderField =
  | 'NAME'
  | 'DOWNLOADS'
  | 'RELEASED_AT';

/** package: a name or a pattern. versions: a Composer constraint; left out, all versions. reason: one line of up to 500 characters. link: where there is more. */
export type BlockVersionsInput = {
  package: string;
  versions?: string | null | undefined;
  reason: string;
  link?: string | null | undefined;
};

/** What a reported leak does to its token. FLAG: it is marked, and works on. REVOKE: it is revoked at once. */
export type LeakAction =
  | 'FLAG'
  | 'REVOKE';

/** A field that is left out stays as it is; 0 takes away a number of days. */
export type UpdateSettingsInput = {
  defaultRateLimit?: number | null | undefined;
  tokensMayManageTokens?: boolean | null | undefined;
  defaultTokenDays?: number | null | undefined;
  maxTokenDays?: number | null | undefined;
  warnUnusedDays?: number | null | undefined;
  disableUnusedDays?: number | null | undefined;
  leakAction?: LeakAction | null | undefined;
  auditRetentionDays?: number | null | undefined;
  prefetch?: boolean | null | undefined;
  secondFactorRequired?: boolean | null | undefined;
};

export type TokenPermission =
  | 'READ_ONLY'
  | 'WRITE';

/**
 * ACTIVE: it works. EXPIRED: its time is over. DISABLED: refused until somebody enables it again. REVOKED: refused for
 * good. The tokens that a token made end with it: one that has not ended itself has the status of the nearest of its makers
 * that has. Filters and counts go by the same.
 */
export type TokenStatus =
  | 'ACTIVE'
  | 'EXPIRED'
  | 'REVOKED'
  | 'DISABLED';

export type TokenNoticeKind =
  /** A secret of it was found in a public place, and works on. */
  | 'LEAKED'
  /** A secret of it was found in a public place, and a rotation ends that secret. */
  | 'LEAK_ENDING'
  /** A token that made it has ended, so it is refused. */
  | 'MAKER_ENDED'
  /** It lives longer than the owner now allows. */
  | 'LIVES_TOO_LONG'
  /** Nobody has used it for longer than the owner wants to be told of. */
  | 'UNUSED'
  /** Nobody opened its claim link. */
  | 'UNCLAIMED';

export type PackageRuleInput = {
  pattern: string;
  versions?: string | null | undefined;
  releasedBefore?: string | null | undefined;
  minimumStability?: string | null | undefined;
};

export type LabelInput = {
  name: string;
  value: string;
};

export type CreateTokenInput = {
  /** Where the token will be used: 1 to 200 characters. */
  description: string;
  permission?: TokenPermission;
  /** Patterns such as acme/*; left out or empty means every package. */
  packages?: Array<string> | null | undefined;
  /** Which versions of these; left out or empty means all. */
  packageRules?: Array<PackageRuleInput> | null | undefined;
  /** CIDR networks or addresses; left out or empty means any. */
  networks?: Array<string> | null | undefined;
  /** Requests an hour; 0 means no limit; left out means the server's default. */
  rateLimit?: number | null | undefined;
  /** Left out means the default lifetime, or the longest one, where the owner set one; else never. */
  expiresAt?: string | null | undefined;
  /** True for a token without an end although there is a default lifetime. */
  neverExpires?: boolean | null | undefined;
  /** True for a claim link in place of the secret: whoever opens it sees the secret, once. The token has none before. */
  claim?: boolean | null | undefined;
  /** With claim: how many days the link works, 1 to 30; left out means 7. */
  claimDays?: number | null | undefined;
  externalId?: string | null | undefined;
  labels?: Array<LabelInput> | null | undefined;
};

/** A field that is left out stays as it is. */
export type UpdateTokenInput = {
  description?: string | null | undefined;
  packages?: Array<string> | null | undefined;
  packageRules?: Array<PackageRuleInput> | null | undefined;
  networks?: Array<string> | null | undefined;
  rateLimit?: number | null | undefined;
  expiresAt?: string | null | undefined;
  clearExpiresAt?: boolean | null | undefined;
  labels?: Array<LabelInput> | null | undefined;
};

/** A field that is left out does not narrow; one that is there must say something: an empty text or list is refused. */
export type TokenWhere = {
  /** Part of the description, the external id, a package pattern, a label (name, value or name=value) or the hint, in any case of any script. */
  search?: string | null | undefined;
  /** The status as Token has it, its makers' included. */
  status?: Array<TokenStatus> | null | undefined;
  permission?: TokenPermission | null | undefined;
  externalId?: string | null | undefined;
  label?: LabelInput | null | undefined;
  /** Not used since then, or never. */
  unusedSince?: string | null | undefined;
  /** Used then or later. */
  usedSince?: string | null | undefined;
  neverUsed?: boolean | null | undefined;
  expiresBefore?: string | null | undefined;
  createdBefore?: string | null | undefined;
  /** Made by this token. */
  parent?: string | null | undefined;
  /** Reported as found in a public place, and not rotated away since. */
  leaked?: boolean | null | undefined;
  /** Nobody opened its claim link yet, whether that works or has ended. */
  claimPending?: boolean | null | undefined;
};

export type TokenOrder = {
  field: TokenOrderField;
  direction?: OrderDirection;
};

export type TokenOrderField =
  | 'DESCRIPTION'
  | 'CREATED_AT'
  | 'LAST_USED_AT'
  | 'EXPIRES_AT';

/** What a token gets of a version. HELD: it is not offered, and only locks that name it get it: its cooldown has not ended, or its source no longer has it. */
export type VersionOutcome =
  | 'ALLOWED'
  | 'MISSING'
  | 'NOT_ALLOWED'
  | 'BLOCKED'
  | 'HELD';

export type UsageRange =
  | 'HOUR'
  | 'DAY'
  | 'WEEK'
  | 'MONTH'
  | 'QUARTER'
  | 'YEAR';

/** severity: low, medium, high or critical; what is only blocked has none. */
export type AffectedWhere = {
  package?: string | null | undefined;
  token?: string | null | undefined;
  severity?: string | null | undefined;
};

/** version: as the package writes it, or normalised. from and to: whole days, UTC. */
export type DownloadWhere = {
  package?: string | null | undefined;
  version?: string | null | undefined;
  token?: string | null | undefined;
  address?: string | null | undefined;
  from?: string | null | undefined;
  to?: string | null | undefined;
};

export type AccessPackagesQueryVariables = Exact<{
  after?: string | null | undefined;
  search?: string | null | undefined;
}>;


export type AccessPackagesQuery = { packages: { totalCount: number, edges: Array<{ node: { id: string, name: string, description: string | null, latest: { version: string } | null } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AccessUsesQueryVariables = Exact<{ [key: string]: never; }>;


export type AccessUsesQuery = { viewer:
    | { id: string, secrets: Array<{ id: string, hint: string, createdAt: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null, lastUsedClient: string | null, addresses: Array<{ address: string, client: string, requests: number, refused: number, firstAt: string, lastAt: string }> }> }
    | Record<PropertyKey, never>
   };

export type TokenClaimQueryVariables = Exact<{
  code: string;
}>;


export type TokenClaimQuery = { tokenClaim: { description: string, permission: TokenPermission, endsAt: string } };

export type ClaimTokenMutationVariables = Exact<{
  code: string;
}>;


export type ClaimTokenMutation = { claimToken: { description: string, permission: TokenPermission, expiresAt: string | null, secret: string } };

export type ServerQueryVariables = Exact<{ [key: string]: never; }>;


export type ServerQuery = { server: { publicUrl: string, setupRequired: boolean, signInService: string | null, passwords: boolean, passkeys: boolean, version: string | null, defaultRateLimit: number | null, defaultTokenDays: number | null, maxTokenDays: number | null, secretPattern: string | null } };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer:
    | { __typename: 'User', id: string, email: string, role: Role, secondFactorMissing: boolean, may: Array<Action>, mayNot: Array<{ action: Action, why: string }> }
    | { __typename: 'Token' }
  , changedVersions: { totalCount: number } };

export type ViewerAloneQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerAloneQuery = { viewer:
    | { __typename: 'User', id: string, email: string, role: Role, secondFactorMissing: boolean, may: Array<Action>, mayNot: Array<{ action: Action, why: string }> }
    | { __typename: 'Token' }
   };

export type SignInMutationVariables = Exact<{
  input: SignInInput;
}>;


export type SignInMutation = { signIn: { user: { id: string } } };

export type SetupMutationVariables = Exact<{
  input: SetupInput;
}>;


export type SetupMutation = { setup: { user: { id: string } } };

export type SignOutMutationVariables = Exact<{ [key: string]: never; }>;


export type SignOutMutation = { signOut: boolean };

export type AccountQueryVariables = Exact<{ [key: string]: never; }>;


export type AccountQuery = { viewer:
    | { __typename: 'User', id: string, email: string, name: string | null, role: Role, totpEnabled: boolean, recoveryCodesLeft: number, hasPassword: boolean, passkeys: Array<{ id: string, name: string, createdAt: string, lastUsedAt: string | null }>, identities: Array<{ id: string, issuer: string, createdAt: string, lastUsedAt: string }>, sessions: Array<{ id: string, current: boolean, address: string, client: string, createdAt: string, lastSeenAt: string }> }
    | { __typename: 'Token' }
   };

export type InvitationQueryVariables = Exact<{
  code: string;
}>;


export type InvitationQuery = { invitation: { email: string, role: Role, endsAt: string } | null };

export type AcceptInvitationMutationVariables = Exact<{
  input: AcceptInvitationInput;
}>;


export type AcceptInvitationMutation = { acceptInvitation: { user: { id: string } } };

export type RenameSelfMutationVariables = Exact<{
  id: string;
  name: string;
}>;


export type RenameSelfMutation = { updateUser: { id: string, name: string | null } };

export type ChangePasswordMutationVariables = Exact<{
  current: string;
  next: string;
}>;


export type ChangePasswordMutation = { changePassword: boolean };

export type EndSessionMutationVariables = Exact<{
  id: string;
}>;


export type EndSessionMutation = { endSession: string };

export type EndOtherSessionsMutationVariables = Exact<{ [key: string]: never; }>;


export type EndOtherSessionsMutation = { endOtherSessions: number };

export type StartTotpMutationVariables = Exact<{
  password: string;
}>;


export type StartTotpMutation = { startTotp: { secret: string, uri: string, qrSize: number, qrPath: string } };

export type ConfirmTotpMutationVariables = Exact<{
  code: string;
}>;


export type ConfirmTotpMutation = { confirmTotp: { recoveryCodes: Array<string> } };

export type DisableTotpMutationVariables = Exact<{
  password: string;
  code: string;
}>;


export type DisableTotpMutation = { disableTotp: { id: string } };

export type RenewRecoveryCodesMutationVariables = Exact<{
  password: string;
  code: string;
}>;


export type RenewRecoveryCodesMutation = { renewRecoveryCodes: { recoveryCodes: Array<string> } };

export type StartPasskeySignInMutationVariables = Exact<{
  email: string;
  password: string;
}>;


export type StartPasskeySignInMutation = { startPasskeySignIn: { options: string, state: string } };

export type FinishPasskeySignInMutationVariables = Exact<{
  state: string;
  credential: string;
}>;


export type FinishPasskeySignInMutation = { finishPasskeySignIn: { user: { id: string } } };

export type StartPasskeyMutationVariables = Exact<{
  password: string;
  code?: string | null | undefined;
}>;


export type StartPasskeyMutation = { startPasskey: { options: string, state: string } };

export type FinishPasskeyMutationVariables = Exact<{
  state: string;
  name: string;
  credential: string;
}>;


export type FinishPasskeyMutation = { finishPasskey: { id: string } };

export type RemovePasskeyMutationVariables = Exact<{
  id: string;
  password: string;
  code?: string | null | undefined;
}>;


export type RemovePasskeyMutation = { removePasskey: { id: string } };

export type AcceptByOpenIdMutationVariables = Exact<{
  code: string;
}>;


export type AcceptByOpenIdMutation = { acceptInvitationByOpenId: string };

export type LinkOpenIdMutationVariables = Exact<{
  password: string;
  code?: string | null | undefined;
}>;


export type LinkOpenIdMutation = { linkOpenId: string };

export type UnlinkOpenIdMutationVariables = Exact<{
  id: string;
  password: string;
  code?: string | null | undefined;
}>;


export type UnlinkOpenIdMutation = { unlinkOpenId: { id: string } };

export type WeaknessFragment = { id: string, package: string, advisoryId: string, affectedVersions: string, title: string, cve: string | null, link: string | null, severity: string | null, reportedAt: string, source: string, createdBy: string | null };

export type VersionAdvisoriesQueryVariables = Exact<{
  id: string;
}>;


export type VersionAdvisoriesQuery = { node:
    | { advisories: Array<{ id: string, package: string, advisoryId: string, affectedVersions: string, title: string, cve: string | null, link: string | null, severity: string | null, reportedAt: string, source: string, createdBy: string | null }> }
    | Record<PropertyKey, never>
   | null };

export type WrittenAdvisoriesQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  package?: string | null | undefined;
}>;


export type WrittenAdvisoriesQuery = { advisories: { totalCount: number, edges: Array<{ node: { id: string, package: string, advisoryId: string, affectedVersions: string, title: string, cve: string | null, link: string | null, severity: string | null, reportedAt: string, source: string, createdBy: string | null } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AffectedInstallsQueryVariables = Exact<{
  where?: AffectedWhere | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type AffectedInstallsQuery = { affectedInstalls: { totalCount: number, edges: Array<{ node: { package: string, version: string, downloads: number, installs: number, lastAt: string, token: { id: string, description: string } | null, advisories: Array<{ id: string, package: string, advisoryId: string, affectedVersions: string, title: string, cve: string | null, link: string | null, severity: string | null, reportedAt: string, source: string, createdBy: string | null }>, blocks: Array<{ id: string, reason: string }> } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CreateAdvisoryMutationVariables = Exact<{
  input: CreateAdvisoryInput;
}>;


export type CreateAdvisoryMutation = { createAdvisory: { id: string } };

export type UpdateAdvisoryMutationVariables = Exact<{
  id: string;
  input: UpdateAdvisoryInput;
}>;


export type UpdateAdvisoryMutation = { updateAdvisory: { id: string } };

export type RemoveAdvisoryMutationVariables = Exact<{
  id: string;
}>;


export type RemoveAdvisoryMutation = { removeAdvisory: string };

export type AuditEventsQueryVariables = Exact<{
  where?: AuditEventWhere | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type AuditEventsQuery = { auditEvents: { totalCount: number, edges: Array<{ node: { id: string, number: number, at: string, actor: string, action: string, target: string | null, address: string | null, client: string | null, details: string } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AuditCheckQueryVariables = Exact<{ [key: string]: never; }>;


export type AuditCheckQuery = { auditCheck: { ok: boolean, checked: number, problem: string | null } };

export type DecidedVersionFragment = { id: string, version: string, reference: string | null, heldUntil: string | null, firstSeenAt: string | null, withheld: string | null, changed: { reference: string | null, sha256: string | null, seenAt: string } | null, package: { id: string, name: string, repository: { id: string, name: string } } };

export type ChangedVersionsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  repository?: string | null | undefined;
}>;


export type ChangedVersionsQuery = { changedVersions: { totalCount: number, edges: Array<{ node: { id: string, version: string, reference: string | null, heldUntil: string | null, firstSeenAt: string | null, withheld: string | null, changed: { reference: string | null, sha256: string | null, seenAt: string } | null, package: { id: string, name: string, repository: { id: string, name: string } } } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type HeldVersionsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  repository?: string | null | undefined;
}>;


export type HeldVersionsQuery = { heldVersions: { totalCount: number, edges: Array<{ node: { id: string, version: string, reference: string | null, heldUntil: string | null, firstSeenAt: string | null, withheld: string | null, changed: { reference: string | null, sha256: string | null, seenAt: string } | null, package: { id: string, name: string, repository: { id: string, name: string } } } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type BlockedVersionsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type BlockedVersionsQuery = { blocks: { totalCount: number, edges: Array<{ node: { id: string, package: string, versions: string, reason: string, link: string | null, createdAt: string, createdBy: string } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type RepositoryNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type RepositoryNamesQuery = { repositories: { edges: Array<{ node: { id: string, name: string } | null } | null> | null } };

export type DownloadsQueryVariables = Exact<{
  where: DownloadWhere;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type DownloadsQuery = { downloads: { totalCount: number, tokenCount: number, edges: Array<{ node: { secretHint: string, package: string, version: string, address: string, client: string, downloads: number, bytes: number, firstAt: string, lastAt: string, token: { id: string, description: string, status: TokenStatus } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type NoticeEndpointFragment = { id: string, url: string, description: string, kinds: Array<string>, enabled: boolean, disabledReason: string | null, failingSince: string | null, deliveredAt: string | null, previousSecretEndsAt: string | null };

export type NoticeEndpointsQueryVariables = Exact<{ [key: string]: never; }>;


export type NoticeEndpointsQuery = { noticeEndpoints: Array<{ id: string, url: string, description: string, kinds: Array<string>, enabled: boolean, disabledReason: string | null, failingSince: string | null, deliveredAt: string | null, previousSecretEndsAt: string | null }>, noticeKinds: Array<{ name: string, description: string }> };

export type NoticeDeliveryFragment = { id: string, kind: string, status: NoticeDeliveryStatus, attempts: number, createdAt: string, attemptedAt: string | null, nextAt: string | null, tookMs: number | null, noticeId: string, body: string, answerStatus: number | null, answer: string, error: string | null };

export type NoticeDeliveriesQueryVariables = Exact<{
  id: string;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type NoticeDeliveriesQuery = { noticeEndpoint: { id: string, url: string, description: string, kinds: Array<string>, enabled: boolean, disabledReason: string | null, failingSince: string | null, deliveredAt: string | null, previousSecretEndsAt: string | null, deliveries: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, edges: Array<{ node: { id: string, kind: string, status: NoticeDeliveryStatus, attempts: number, createdAt: string, attemptedAt: string | null, nextAt: string | null, tookMs: number | null, noticeId: string, body: string, answerStatus: number | null, answer: string, error: string | null } | null } | null> | null } } | null };

export type CreateNoticeEndpointMutationVariables = Exact<{
  input: CreateNoticeEndpointInput;
}>;


export type CreateNoticeEndpointMutation = { createNoticeEndpoint: { secret: string, endpoint: { id: string, url: string, description: string, kinds: Array<string>, enabled: boolean, disabledReason: string | null, failingSince: string | null, deliveredAt: string | null, previousSecretEndsAt: string | null } } };

export type UpdateNoticeEndpointMutationVariables = Exact<{
  id: string;
  input: UpdateNoticeEndpointInput;
}>;


export type UpdateNoticeEndpointMutation = { updateNoticeEndpoint: { id: string, url: string, description: string, kinds: Array<string>, enabled: boolean, disabledReason: string | null, failingSince: string | null, deliveredAt: string | null, previousSecretEndsAt: string | null } };

export type RemoveNoticeEndpointMutationVariables = Exact<{
  id: string;
}>;


export type RemoveNoticeEndpointMutation = { removeNoticeEndpoint: string };

export type RotateNoticeEndpointSecretMutationVariables = Exact<{
  id: string;
}>;


export type RotateNoticeEndpointSecretMutation = { rotateNoticeEndpointSecret: { secret: string, endpoint: { id: string, url: string, description: string, kinds: Array<string>, enabled: boolean, disabledReason: string | null, failingSince: string | null, deliveredAt: string | null, previousSecretEndsAt: string | null } } };

export type TestNoticeEndpointMutationVariables = Exact<{
  id: string;
}>;


export type TestNoticeEndpointMutation = { testNoticeEndpoint: { id: string } };

export type ResendNoticeMutationVariables = Exact<{
  id: string;
}>;


export type ResendNoticeMutation = { resendNotice: { id: string, status: NoticeDeliveryStatus } };

export type NoticeChoicesQueryVariables = Exact<{ [key: string]: never; }>;


export type NoticeChoicesQuery = { noticeKinds: Array<{ name: string, description: string, mailed: boolean | null }> };

export type ChooseNoticesMutationVariables = Exact<{
  choices: Array<NoticeChoiceInput> | NoticeChoiceInput;
}>;


export type ChooseNoticesMutation = { chooseNotices: Array<{ name: string, description: string, mailed: boolean | null }> };

export type OverviewQueryVariables = Exact<{
  soon: string;
}>;


export type OverviewQuery = { repositories: { totalCount: number }, failing: { totalCount: number }, tokens: { totalCount: number }, expiring: { totalCount: number }, packages: { totalCount: number }, usage: { requests: number, downloads: number, bytes: number, refused: number, series: Array<{ at: string, requests: number, downloads: number, refused: number }>, topPackages: Array<{ package: string, downloads: number }> } };

export type PackagesQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  orderBy?: PackageOrder | null | undefined;
  where?: PackageWhere | null | undefined;
}>;


export type PackagesQuery = { packages: { totalCount: number, edges: Array<{ node: { id: string, name: string, description: string | null, type: string, abandoned: string | null, downloads: number, withheld: string | null, latest: { version: string } | null, repository: { id: string, name: string } } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type PackageNamesQueryVariables = Exact<{
  search: string;
}>;


export type PackageNamesQuery = { packages: { edges: Array<{ node: { id: string, name: string } | null } | null> | null } };

export type WrittenVersionsQueryVariables = Exact<{
  name: string;
}>;


export type WrittenVersionsQuery = { package: { id: string, versions: { edges: Array<{ node: { id: string, version: string } | null } | null> | null } } | null };

export type PackageQueryVariables = Exact<{
  name: string;
  after?: string | null | undefined;
}>;


export type PackageQuery = { package: { id: string, name: string, description: string | null, type: string, abandoned: string | null, downloads: number, withheld: string | null, latest: { id: string } | null, blocks: Array<{ id: string, package: string, versions: string, reason: string, link: string | null, createdAt: string, createdBy: string }>, repository: { id: string, name: string }, versions: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, edges: Array<{ node: { id: string, version: string, normalizedVersion: string, reference: string | null, releasedAt: string | null, licenses: Array<string>, downloads: number, withheld: string | null, heldUntil: string | null, changed: { seenAt: string } | null } | null } | null> | null } } | null };

export type PackageVersionQueryVariables = Exact<{
  id: string;
}>;


export type PackageVersionQuery = { node:
    | { id: string, archiveBytes: number | null, archiveSha1: string | null, archiveSha256: string | null, archiveStoredAt: string | null, archiveType: string | null, firstSeenAt: string | null, withheld: string | null, heldUntil: string | null, requires: Array<{ package: string, constraint: string, kind: string, known: boolean }>, dependents: { totalCount: number, edges: Array<{ node: { id: string, name: string } | null } | null> | null }, changed: { reference: string | null, sha256: string | null, seenAt: string } | null }
    | Record<PropertyKey, never>
   | null };

export type ReadmeQueryVariables = Exact<{
  id: string;
}>;


export type ReadmeQuery = { node:
    | { readme: string | null }
    | Record<PropertyKey, never>
   | null };

export type PackageUsageQueryVariables = Exact<{
  name: string;
  range: UsageRange;
}>;


export type PackageUsageQuery = { package: { usage: { series: Array<{ at: string, requests: number, downloads: number, refused: number }> } } | null };

export type AcceptVersionChangeMutationVariables = Exact<{
  id: string;
}>;


export type AcceptVersionChangeMutation = { acceptVersionChange: { id: string } };

export type RejectVersionChangeMutationVariables = Exact<{
  id: string;
}>;


export type RejectVersionChangeMutation = { rejectVersionChange: { id: string } };

export type ReleaseVersionMutationVariables = Exact<{
  id: string;
}>;


export type ReleaseVersionMutation = { releaseVersion: { id: string } };

export type BlockVersionsMutationVariables = Exact<{
  input: BlockVersionsInput;
}>;


export type BlockVersionsMutation = { blockVersions: { id: string } };

export type UnblockMutationVariables = Exact<{
  id: string;
}>;


export type UnblockMutation = { unblock: string };

export type PersonFragment = { id: string, email: string, name: string | null, role: Role, status: UserStatus, invitationEndsAt: string | null, lastSignInAt: string | null, secondFactor: boolean };

export type PeopleQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type PeopleQuery = { users: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, edges: Array<{ node: { id: string, email: string, name: string | null, role: Role, status: UserStatus, invitationEndsAt: string | null, lastSignInAt: string | null, secondFactor: boolean } | null } | null> | null } };

export type PersonTokensQueryVariables = Exact<{
  id: string;
}>;


export type PersonTokensQuery = { node:
    | { tokenCount: number }
    | Record<PropertyKey, never>
   | null };

export type InviteUserMutationVariables = Exact<{
  input: InviteUserInput;
}>;


export type InviteUserMutation = { inviteUser: { link: string, mail: InvitationMail, user: { id: string, email: string, name: string | null, role: Role, status: UserStatus, invitationEndsAt: string | null, lastSignInAt: string | null, secondFactor: boolean } } };

export type RenewInvitationMutationVariables = Exact<{
  id: string;
}>;


export type RenewInvitationMutation = { renewInvitation: { link: string, mail: InvitationMail, user: { id: string, email: string, name: string | null, role: Role, status: UserStatus, invitationEndsAt: string | null, lastSignInAt: string | null, secondFactor: boolean } } };

export type UpdateUserMutationVariables = Exact<{
  id: string;
  input: UpdateUserInput;
}>;


export type UpdateUserMutation = { updateUser: { id: string, email: string, name: string | null, role: Role, status: UserStatus, invitationEndsAt: string | null, lastSignInAt: string | null, secondFactor: boolean } };

export type RemoveUserMutationVariables = Exact<{
  id: string;
}>;


export type RemoveUserMutation = { removeUser: string };

export type EndUserSessionsMutationVariables = Exact<{
  id: string;
}>;


export type EndUserSessionsMutation = { endUserSessions: number };

export type OrganizationRowFragment = { id: string, host: OrganizationHost, url: string, name: string, include: Array<string>, exclude: Array<string>, forks: boolean, archived: boolean, hasCredential: boolean, enabled: boolean, status: RepositoryStatus, repositoryCount: number, lastSyncedAt: string | null, lastError: string | null, notice: string | null };

export type OrganizationsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type OrganizationsQuery = { organizations: { edges: Array<{ node: { id: string, host: OrganizationHost, url: string, name: string, include: Array<string>, exclude: Array<string>, forks: boolean, archived: boolean, hasCredential: boolean, enabled: boolean, status: RepositoryStatus, repositoryCount: number, lastSyncedAt: string | null, lastError: string | null, notice: string | null } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AddOrganizationMutationVariables = Exact<{
  input: AddOrganizationInput;
}>;


export type AddOrganizationMutation = { addOrganization: { id: string } };

export type UpdateOrganizationMutationVariables = Exact<{
  id: string;
  input: UpdateOrganizationInput;
}>;


export type UpdateOrganizationMutation = { updateOrganization: { id: string } };

export type RemoveOrganizationMutationVariables = Exact<{
  id: string;
  repositories?: boolean | null | undefined;
}>;


export type RemoveOrganizationMutation = { removeOrganization: string };

export type SyncOrganizationMutationVariables = Exact<{
  id: string;
}>;


export type SyncOrganizationMutation = { syncOrganization: { id: string } };

export type OrganizationWebhookQueryVariables = Exact<{
  id: string;
}>;


export type OrganizationWebhookQuery = { organization: { id: string, webhookUrl: string, webhookSecretAt: string | null, webhookReceivedAt: string | null, webhookOutcome: string | null } | null };

export type CreateOrganizationWebhookSecretMutationVariables = Exact<{
  id: string;
}>;


export type CreateOrganizationWebhookSecretMutation = { createOrganizationWebhookSecret: { secret: string } };

export type RemoveOrganizationWebhookSecretMutationVariables = Exact<{
  id: string;
}>;


export type RemoveOrganizationWebhookSecretMutation = { removeOrganizationWebhookSecret: { id: string } };

export type RepositoryRowFragment = { id: string, name: string, type: RepositoryType, url: string | null, packages: Array<string>, owns: Array<string>, paths: Array<string> | null, hostKeys: Array<string>, priority: number, distMode: DistMode, cooldownDays: number, cooldownExceptions: Array<string>, packFrom: Array<string>, credential: CredentialType, enabled: boolean, listed: boolean, status: RepositoryStatus, lastSyncedAt: string | null, lastError: string | null, notice: string | null, packageCount: number, versionCount: number, storedBytes: number, createdAt: string, syncs: { edges: Array<{ node: { id: string, status: SyncStatus, packagesDone: number, packagesTotal: number | null, startedAt: string | null, skipped: Array<{ package: string }> } | null } | null> | null } };

export type RepositoriesQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  where?: RepositoryWhere | null | undefined;
}>;


export type RepositoriesQuery = { repositories: { totalCount: number, edges: Array<{ node: { id: string, name: string, type: RepositoryType, url: string | null, packages: Array<string>, owns: Array<string>, paths: Array<string> | null, hostKeys: Array<string>, priority: number, distMode: DistMode, cooldownDays: number, cooldownExceptions: Array<string>, packFrom: Array<string>, credential: CredentialType, enabled: boolean, listed: boolean, status: RepositoryStatus, lastSyncedAt: string | null, lastError: string | null, notice: string | null, packageCount: number, versionCount: number, storedBytes: number, createdAt: string, syncs: { edges: Array<{ node: { id: string, status: SyncStatus, packagesDone: number, packagesTotal: number | null, startedAt: string | null, skipped: Array<{ package: string }> } | null } | null> | null } } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type RepositoryQueryVariables = Exact<{
  id: string;
}>;


export type RepositoryQuery = { repository: { prefetch: boolean, closedNames: Array<string>, id: string, name: string, type: RepositoryType, url: string | null, packages: Array<string>, owns: Array<string>, paths: Array<string> | null, hostKeys: Array<string>, priority: number, distMode: DistMode, cooldownDays: number, cooldownExceptions: Array<string>, packFrom: Array<string>, credential: CredentialType, enabled: boolean, listed: boolean, status: RepositoryStatus, lastSyncedAt: string | null, lastError: string | null, notice: string | null, packageCount: number, versionCount: number, storedBytes: number, createdAt: string, health: { credentialExpiresAt: string | null }, history: { edges: Array<{ node: { id: string, status: SyncStatus, trigger: string, startedAt: string | null, finishedAt: string | null, packagesDone: number, packagesTotal: number | null, versionsAdded: number, versionsRemoved: number, versionsChanged: number, archivesAhead: number, error: string | null, notice: string | null, skipped: Array<{ package: string, version: string | null, reason: string }> } | null } | null> | null }, syncs: { edges: Array<{ node: { id: string, status: SyncStatus, packagesDone: number, packagesTotal: number | null, startedAt: string | null, skipped: Array<{ package: string }> } | null } | null> | null } } | null };

export type CreateRepositoryMutationVariables = Exact<{
  input: CreateRepositoryInput;
}>;


export type CreateRepositoryMutation = { createRepository: { id: string, name: string, type: RepositoryType, url: string | null, packages: Array<string>, owns: Array<string>, paths: Array<string> | null, hostKeys: Array<string>, priority: number, distMode: DistMode, cooldownDays: number, cooldownExceptions: Array<string>, packFrom: Array<string>, credential: CredentialType, enabled: boolean, listed: boolean, status: RepositoryStatus, lastSyncedAt: string | null, lastError: string | null, notice: string | null, packageCount: number, versionCount: number, storedBytes: number, createdAt: string, syncs: { edges: Array<{ node: { id: string, status: SyncStatus, packagesDone: number, packagesTotal: number | null, startedAt: string | null, skipped: Array<{ package: string }> } | null } | null> | null } } };

export type UpdateRepositoryMutationVariables = Exact<{
  id: string;
  input: UpdateRepositoryInput;
}>;


export type UpdateRepositoryMutation = { updateRepository: { id: string, name: string, type: RepositoryType, url: string | null, packages: Array<string>, owns: Array<string>, paths: Array<string> | null, hostKeys: Array<string>, priority: number, distMode: DistMode, cooldownDays: number, cooldownExceptions: Array<string>, packFrom: Array<string>, credential: CredentialType, enabled: boolean, listed: boolean, status: RepositoryStatus, lastSyncedAt: string | null, lastError: string | null, notice: string | null, packageCount: number, versionCount: number, storedBytes: number, createdAt: string, syncs: { edges: Array<{ node: { id: string, status: SyncStatus, packagesDone: number, packagesTotal: number | null, startedAt: string | null, skipped: Array<{ package: string }> } | null } | null> | null } } };

export type DeleteRepositoryMutationVariables = Exact<{
  id: string;
}>;


export type DeleteRepositoryMutation = { deleteRepository: string };

export type SyncRepositoryMutationVariables = Exact<{
  id: string;
}>;


export type SyncRepositoryMutation = { syncRepository: { id: string, status: SyncStatus } };

export type CancelSyncMutationVariables = Exact<{
  id: string;
}>;


export type CancelSyncMutation = { cancelSync: { id: string, status: SyncStatus } };

export type ConfirmRemovalsMutationVariables = Exact<{
  id: string;
}>;


export type ConfirmRemovalsMutation = { confirmRemovals: { id: string, status: RepositoryStatus } };

export type ClaimsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ClaimsQuery = { claims: { edges: Array<{ node: { id: string, pattern: string, closedAt: string | null, repository: { id: string } | null } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ReleaseClaimMutationVariables = Exact<{
  id: string;
}>;


export type ReleaseClaimMutation = { releaseClaim: string };

export type CheckRepositoryQueryVariables = Exact<{
  input: CreateRepositoryInput;
  repository?: string | null | undefined;
}>;


export type CheckRepositoryQuery = { checkRepository: { ok: boolean, message: string | null, credentialExpiresAt: string | null } };

export type WebhookQueryVariables = Exact<{
  id: string;
}>;


export type WebhookQuery = { repository: { id: string, webhookUrl: string, webhookSecretAt: string | null, webhookReceivedAt: string | null, webhookOutcome: string | null } | null };

export type CreateWebhookSecretMutationVariables = Exact<{
  id: string;
}>;


export type CreateWebhookSecretMutation = { createWebhookSecret: { url: string, secret: string } };

export type RemoveWebhookSecretMutationVariables = Exact<{
  id: string;
}>;


export type RemoveWebhookSecretMutation = { removeWebhookSecret: { id: string } };

export type AllSettingsFragment = { defaultRateLimit: number, tokensMayManageTokens: boolean, defaultTokenDays: number | null, maxTokenDays: number | null, warnUnusedDays: number | null, disableUnusedDays: number | null, leakAction: LeakAction, auditRetentionDays: number, secondFactorRequired: boolean, prefetch: boolean };

export type SettingsQueryVariables = Exact<{ [key: string]: never; }>;


export type SettingsQuery = { settings: { defaultRateLimit: number, tokensMayManageTokens: boolean, defaultTokenDays: number | null, maxTokenDays: number | null, warnUnusedDays: number | null, disableUnusedDays: number | null, leakAction: LeakAction, auditRetentionDays: number, secondFactorRequired: boolean, prefetch: boolean } };

export type UpdateSettingsMutationVariables = Exact<{
  input: UpdateSettingsInput;
}>;


export type UpdateSettingsMutation = { updateSettings: { defaultRateLimit: number, tokensMayManageTokens: boolean, defaultTokenDays: number | null, maxTokenDays: number | null, warnUnusedDays: number | null, disableUnusedDays: number | null, leakAction: LeakAction, auditRetentionDays: number, secondFactorRequired: boolean, prefetch: boolean } };

export type TokenQueryVariables = Exact<{
  id: string;
}>;


export type TokenQuery = { token: { revokedBy: string | null, revokedReason: string | null, disabledReason: string | null, leakedUrl: string | null, createdByRemoved: boolean, claimedAt: string | null, claimedBy: string | null, claimedAddress: string | null, claimedClient: string | null, id: string, description: string, permission: TokenPermission, status: TokenStatus, hint: string, packages: Array<string>, networks: Array<string>, rateLimit: number, externalId: string | null, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null, lastUsedClient: string | null, revokedAt: string | null, disabledAt: string | null, leakedAt: string | null, childCount: number, claimPending: boolean, claimEndsAt: string | null, labels: Array<{ name: string, value: string }>, rateLimitStatus: { limit: number, remaining: number, resetAt: string }, noticesWithKind: Array<{ kind: TokenNoticeKind, text: string }>, parent: { id: string, description: string } | null, secrets: Array<{ id: string, hint: string, createdAt: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null, lastUsedClient: string | null, addresses: Array<{ address: string, client: string, requests: number, refused: number, firstAt: string, lastAt: string }> }>, packageRules: Array<{ pattern: string, versions: string | null, releasedBefore: string | null, minimumStability: string | null }> } | null };

export type TokenNameQueryVariables = Exact<{
  id: string;
}>;


export type TokenNameQuery = { token: { id: string, description: string } | null };

export type ExplainQueryVariables = Exact<{
  token: string;
  package: string;
  version: string;
}>;


export type ExplainQuery = { explain: { package: string, version: string, outcome: VersionOutcome, steps: Array<{ rule: string, allowed: boolean, text: string }> } | null };

export type TokenUsageQueryVariables = Exact<{
  id: string;
  range: UsageRange;
}>;


export type TokenUsageQuery = { token: { id: string, usage: { requests: number, downloads: number, bytes: number, refused: number, series: Array<{ at: string, requests: number, downloads: number, refused: number }>, topPackages: Array<{ package: string, downloads: number, bytes: number }> } } | null };

export type TokenRowFragment = { id: string, description: string, permission: TokenPermission, status: TokenStatus, hint: string, packages: Array<string>, networks: Array<string>, rateLimit: number, externalId: string | null, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null, lastUsedClient: string | null, revokedAt: string | null, disabledAt: string | null, leakedAt: string | null, childCount: number, claimPending: boolean, claimEndsAt: string | null, packageRules: Array<{ pattern: string, versions: string | null, releasedBefore: string | null, minimumStability: string | null }> };

export type TokensQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  orderBy?: TokenOrder | null | undefined;
  where?: TokenWhere | null | undefined;
}>;


export type TokensQuery = { tokens: { totalCount: number, edges: Array<{ node: { id: string, description: string, permission: TokenPermission, status: TokenStatus, hint: string, packages: Array<string>, networks: Array<string>, rateLimit: number, externalId: string | null, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null, lastUsedClient: string | null, revokedAt: string | null, disabledAt: string | null, leakedAt: string | null, childCount: number, claimPending: boolean, claimEndsAt: string | null, packageRules: Array<{ pattern: string, versions: string | null, releasedBefore: string | null, minimumStability: string | null }> } | null } | null> | null, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CreateTokenMutationVariables = Exact<{
  input: CreateTokenInput;
}>;


export type CreateTokenMutation = { createToken: { secret: string, claimLink: string | null, token: { id: string, description: string, permission: TokenPermission, status: TokenStatus, hint: string, packages: Array<string>, networks: Array<string>, rateLimit: number, externalId: string | null, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null, lastUsedClient: string | null, revokedAt: string | null, disabledAt: string | null, leakedAt: string | null, childCount: number, claimPending: boolean, claimEndsAt: string | null, packageRules: Array<{ pattern: string, versions: string | null, releasedBefore: string | null, minimumStability: string | null }> } } };

export type UpdateTokenMutationVariables = Exact<{
  id: string;
  input: UpdateTokenInput;
}>;


export type UpdateTokenMutation = { updateToken: { id: string, description: string, permission: TokenPermission, status: TokenStatus, hint: string, packages: Array<string>, networks: Array<string>, rateLimit: number, externalId: string | null, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null, lastUsedClient: string | null, revokedAt: string | null, disabledAt: string | null, leakedAt: string | null, childCount: number, claimPending: boolean, claimEndsAt: string | null, packageRules: Array<{ pattern: string, versions: string | null, releasedBefore: string | null, minimumStability: string | null }> } };

export type RevocationPreviewQueryVariables = Exact<{
  ids?: Array<string> | string | null | undefined;
  where?: TokenWhere | null | undefined;
}>;


export type RevocationPreviewQuery = { revocationPreview: { count: number, activeCount: number, childCount: number, active: Array<{ id: string, description: string, lastUsedAt: string | null, lastUsedAddress: string | null }> } };

export type RevokeTokensMutationVariables = Exact<{
  ids: Array<string> | string;
  reason?: string | null | undefined;
}>;


export type RevokeTokensMutation = { revokeTokens: Array<{ id: string }> };

export type RevokeMatchingTokensMutationVariables = Exact<{
  where: TokenWhere;
  expected: number;
  reason?: string | null | undefined;
}>;


export type RevokeMatchingTokensMutation = { revokeMatchingTokens: number };

export type DisableTokensMutationVariables = Exact<{
  ids: Array<string> | string;
  reason?: string | null | undefined;
}>;


export type DisableTokensMutation = { disableTokens: Array<{ id: string }> };

export type EnableTokensMutationVariables = Exact<{
  ids: Array<string> | string;
}>;


export type EnableTokensMutation = { enableTokens: Array<{ id: string }> };

export type RotateTokenMutationVariables = Exact<{
  id: string;
  gracePeriodSeconds?: number | null | undefined;
}>;


export type RotateTokenMutation = { rotateToken: { secret: string, previousExpiresAt: string, token: { id: string, expiresAt: string | null } } };

export type RenewClaimMutationVariables = Exact<{
  id: string;
}>;


export type RenewClaimMutation = { renewClaim: { claimLink: string, token: { id: string, description: string, claimEndsAt: string | null } } };

export type EndRotationMutationVariables = Exact<{
  id: string;
}>;


export type EndRotationMutation = { endRotation: { id: string } };

export type CancelRotationMutationVariables = Exact<{
  id: string;
}>;


export type CancelRotationMutation = { cancelRotation: { id: string } };

export type ReleaseTokensMutationVariables = Exact<{
  ids: Array<string> | string;
}>;


export type ReleaseTokensMutation = { releaseTokens: Array<{ id: string }> };

export type UsageQueryVariables = Exact<{
  range: UsageRange;
}>;


export type UsageQuery = { usage: { requests: number, downloads: number, installs: number, metadata: number, notModified: number, bytes: number, refused: number, refusals: { limit: number, package: number, permission: number, network: number, ended: number }, series: Array<{ at: string, requests: number, downloads: number, refused: number }>, topPackages: Array<{ package: string, downloads: number, bytes: number }>, topTokens: Array<{ requests: number, downloads: number, bytes: number, token: { id: string, description: string } }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const WeaknessFragmentDoc = new TypedDocumentString(`
    fragment Weakness on Advisory {
  id
  package
  advisoryId
  affectedVersions
  title
  cve
  link
  severity
  reportedAt
  source
  createdBy
}
    `, {"fragmentName":"Weakness"}) as unknown as TypedDocumentString<WeaknessFragment, unknown>;
export const DecidedVersionFragmentDoc = new TypedDocumentString(`
    fragment DecidedVersion on PackageVersion {
  id
  version
  reference
  heldUntil
  firstSeenAt
  withheld
  changed {
    reference
    sha256
    seenAt
  }
  package {
    id
    name
    repository {
      id
      name
    }
  }
}
    `, {"fragmentName":"DecidedVersion"}) as unknown as TypedDocumentString<DecidedVersionFragment, unknown>;
export const NoticeEndpointFragmentDoc = new TypedDocumentString(`
    fragment NoticeEndpoint on NoticeEndpoint {
  id
  url
  description
  kinds
  enabled
  disabledReason
  failingSince
  deliveredAt
  previousSecretEndsAt
}
    `, {"fragmentName":"NoticeEndpoint"}) as unknown as TypedDocumentString<NoticeEndpointFragment, unknown>;
export const NoticeDeliveryFragmentDoc = new TypedDocumentString(`
    fragment NoticeDelivery on NoticeDelivery {
  id
  kind
  status
  attempts
  createdAt
  attemptedAt
  nextAt
  tookMs
  noticeId
  body
  answerStatus
  answer
  error
}
    `, {"fragmentName":"NoticeDelivery"}) as unknown as TypedDocumentString<NoticeDeliveryFragment, unknown>;
export const PersonFragmentDoc = new TypedDocumentString(`
    fragment Person on User {
  id
  email
  name
  role
  status
  invitationEndsAt
  lastSignInAt
  secondFactor
}
    `, {"fragmentName":"Person"}) as unknown as TypedDocumentString<PersonFragment, unknown>;
export const OrganizationRowFragmentDoc = new TypedDocumentString(`
    fragment OrganizationRow on Organization {
  id
  host
  url
  name
  include
  exclude
  forks
  archived
  hasCredential
  enabled
  status
  repositoryCount
  lastSyncedAt
  lastError
  notice
}
    `, {"fragmentName":"OrganizationRow"}) as unknown as TypedDocumentString<OrganizationRowFragment, unknown>;
export const RepositoryRowFragmentDoc = new TypedDocumentString(`
    fragment RepositoryRow on Repository {
  id
  name
  type
  url
  packages
  owns
  paths
  hostKeys
  priority
  distMode
  cooldownDays
  cooldownExceptions
  packFrom
  credential
  enabled
  listed
  status
  lastSyncedAt
  lastError
  notice
  packageCount
  versionCount
  storedBytes
  createdAt
  syncs(first: 1) {
    edges {
      node {
        id
        status
        packagesDone
        packagesTotal
        startedAt
        skipped {
          package
        }
      }
    }
  }
}
    `, {"fragmentName":"RepositoryRow"}) as unknown as TypedDocumentString<RepositoryRowFragment, unknown>;
export const AllSettingsFragmentDoc = new TypedDocumentString(`
    fragment AllSettings on Settings {
  defaultRateLimit
  tokensMayManageTokens
  defaultTokenDays
  maxTokenDays
  warnUnusedDays
  disableUnusedDays
  leakAction
  auditRetentionDays
  secondFactorRequired
  prefetch
}
    `, {"fragmentName":"AllSettings"}) as unknown as TypedDocumentString<AllSettingsFragment, unknown>;
export const TokenRowFragmentDoc = new TypedDocumentString(`
    fragment TokenRow on Token {
  id
  description
  permission
  status
  hint
  packages
  packageRules {
    pattern
    versions
    releasedBefore
    minimumStability
  }
  networks
  rateLimit
  externalId
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  lastUsedAddress
  lastUsedClient
  revokedAt
  disabledAt
  leakedAt
  childCount
  claimPending
  claimEndsAt
}
    `, {"fragmentName":"TokenRow"}) as unknown as TypedDocumentString<TokenRowFragment, unknown>;
export const AccessPackagesDocument = new TypedDocumentString(`
    query AccessPackages($after: Cursor, $search: String) {
  packages(
    first: 10
    after: $after
    where: {search: $search}
    orderBy: {field: NAME, direction: ASC}
  ) {
    totalCount
    edges {
      node {
        id
        name
        description
        latest {
          version
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<AccessPackagesQuery, AccessPackagesQueryVariables>;
export const AccessUsesDocument = new TypedDocumentString(`
    query AccessUses {
  viewer {
    ... on Token {
      id
      secrets {
        id
        hint
        createdAt
        expiresAt
        lastUsedAt
        lastUsedAddress
        lastUsedClient
        addresses(first: 10) {
          address
          client
          requests
          refused
          firstAt
          lastAt
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<AccessUsesQuery, AccessUsesQueryVariables>;
export const TokenClaimDocument = new TypedDocumentString(`
    query TokenClaim($code: String!) {
  tokenClaim(code: $code) {
    description
    permission
    endsAt
  }
}
    `) as unknown as TypedDocumentString<TokenClaimQuery, TokenClaimQueryVariables>;
export const ClaimTokenDocument = new TypedDocumentString(`
    mutation ClaimToken($code: String!) {
  claimToken(code: $code) {
    description
    permission
    expiresAt
    secret
  }
}
    `) as unknown as TypedDocumentString<ClaimTokenMutation, ClaimTokenMutationVariables>;
export const ServerDocument = new TypedDocumentString(`
    query Server {
  server {
    publicUrl
    setupRequired
    signInService
    passwords
    passkeys
    version
    defaultRateLimit
    defaultTokenDays
    maxTokenDays
    secretPattern
  }
}
    `) as unknown as TypedDocumentString<ServerQuery, ServerQueryVariables>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    __typename
    ... on User {
      id
      email
      role
      secondFactorMissing
      may
      mayNot {
        action
        why
      }
    }
  }
  changedVersions(first: 1) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const ViewerAloneDocument = new TypedDocumentString(`
    query ViewerAlone {
  viewer {
    __typename
    ... on User {
      id
      email
      role
      secondFactorMissing
      may
      mayNot {
        action
        why
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ViewerAloneQuery, ViewerAloneQueryVariables>;
export const SignInDocument = new TypedDocumentString(`
    mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    user {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<SignInMutation, SignInMutationVariables>;
export const SetupDocument = new TypedDocumentString(`
    mutation Setup($input: SetupInput!) {
  setup(input: $input) {
    user {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<SetupMutation, SetupMutationVariables>;
export const SignOutDocument = new TypedDocumentString(`
    mutation SignOut {
  signOut
}
    `) as unknown as TypedDocumentString<SignOutMutation, SignOutMutationVariables>;
export const AccountDocument = new TypedDocumentString(`
    query Account {
  viewer {
    __typename
    ... on User {
      id
      email
      name
      role
      totpEnabled
      recoveryCodesLeft
      hasPassword
      passkeys {
        id
        name
        createdAt
        lastUsedAt
      }
      identities {
        id
        issuer
        createdAt
        lastUsedAt
      }
      sessions {
        id
        current
        address
        client
        createdAt
        lastSeenAt
      }
    }
  }
}
    `) as unknown as TypedDocumentString<AccountQuery, AccountQueryVariables>;
export const InvitationDocument = new TypedDocumentString(`
    query Invitation($code: String!) {
  invitation(code: $code) {
    email
    role
    endsAt
  }
}
    `) as unknown as TypedDocumentString<InvitationQuery, InvitationQueryVariables>;
export const AcceptInvitationDocument = new TypedDocumentString(`
    mutation AcceptInvitation($input: AcceptInvitationInput!) {
  acceptInvitation(input: $input) {
    user {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<AcceptInvitationMutation, AcceptInvitationMutationVariables>;
export const RenameSelfDocument = new TypedDocumentString(`
    mutation RenameSelf($id: ID!, $name: String!) {
  updateUser(id: $id, input: {name: $name}) {
    id
    name
  }
}
    `) as unknown as TypedDocumentString<RenameSelfMutation, RenameSelfMutationVariables>;
export const ChangePasswordDocument = new TypedDocumentString(`
    mutation ChangePassword($current: String!, $next: String!) {
  changePassword(current: $current, next: $next)
}
    `) as unknown as TypedDocumentString<ChangePasswordMutation, ChangePasswordMutationVariables>;
export const EndSessionDocument = new TypedDocumentString(`
    mutation EndSession($id: ID!) {
  endSession(id: $id)
}
    `) as unknown as TypedDocumentString<EndSessionMutation, EndSessionMutationVariables>;
export const EndOtherSessionsDocument = new TypedDocumentString(`
    mutation EndOtherSessions {
  endOtherSessions
}
    `) as unknown as TypedDocumentString<EndOtherSessionsMutation, EndOtherSessionsMutationVariables>;
export const StartTotpDocument = new TypedDocumentString(`
    mutation StartTotp($password: String!) {
  startTotp(password: $password) {
    secret
    uri
    qrSize
    qrPath
  }
}
    `) as unknown as TypedDocumentString<StartTotpMutation, StartTotpMutationVariables>;
export const ConfirmTotpDocument = new TypedDocumentString(`
    mutation ConfirmTotp($code: String!) {
  confirmTotp(code: $code) {
    recoveryCodes
  }
}
    `) as unknown as TypedDocumentString<ConfirmTotpMutation, ConfirmTotpMutationVariables>;
export const DisableTotpDocument = new TypedDocumentString(`
    mutation DisableTotp($password: String!, $code: String!) {
  disableTotp(password: $password, code: $code) {
    id
  }
}
    `) as unknown as TypedDocumentString<DisableTotpMutation, DisableTotpMutationVariables>;
export const RenewRecoveryCodesDocument = new TypedDocumentString(`
    mutation RenewRecoveryCodes($password: String!, $code: String!) {
  renewRecoveryCodes(password: $password, code: $code) {
    recoveryCodes
  }
}
    `) as unknown as TypedDocumentString<RenewRecoveryCodesMutation, RenewRecoveryCodesMutationVariables>;
export const StartPasskeySignInDocument = new TypedDocumentString(`
    mutation StartPasskeySignIn($email: String!, $password: String!) {
  startPasskeySignIn(email: $email, password: $password) {
    options
    state
  }
}
    `) as unknown as TypedDocumentString<StartPasskeySignInMutation, StartPasskeySignInMutationVariables>;
export const FinishPasskeySignInDocument = new TypedDocumentString(`
    mutation FinishPasskeySignIn($state: String!, $credential: String!) {
  finishPasskeySignIn(state: $state, credential: $credential) {
    user {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<FinishPasskeySignInMutation, FinishPasskeySignInMutationVariables>;
export const StartPasskeyDocument = new TypedDocumentString(`
    mutation StartPasskey($password: String!, $code: String) {
  startPasskey(password: $password, code: $code) {
    options
    state
  }
}
    `) as unknown as TypedDocumentString<StartPasskeyMutation, StartPasskeyMutationVariables>;
export const FinishPasskeyDocument = new TypedDocumentString(`
    mutation FinishPasskey($state: String!, $name: String!, $credential: String!) {
  finishPasskey(state: $state, name: $name, credential: $credential) {
    id
  }
}
    `) as unknown as TypedDocumentString<FinishPasskeyMutation, FinishPasskeyMutationVariables>;
export const RemovePasskeyDocument = new TypedDocumentString(`
    mutation RemovePasskey($id: ID!, $password: String!, $code: String) {
  removePasskey(id: $id, password: $password, code: $code) {
    id
  }
}
    `) as unknown as TypedDocumentString<RemovePasskeyMutation, RemovePasskeyMutationVariables>;
export const AcceptByOpenIdDocument = new TypedDocumentString(`
    mutation AcceptByOpenId($code: String!) {
  acceptInvitationByOpenId(code: $code)
}
    `) as unknown as TypedDocumentString<AcceptByOpenIdMutation, AcceptByOpenIdMutationVariables>;
export const LinkOpenIdDocument = new TypedDocumentString(`
    mutation LinkOpenId($password: String!, $code: String) {
  linkOpenId(password: $password, code: $code)
}
    `) as unknown as TypedDocumentString<LinkOpenIdMutation, LinkOpenIdMutationVariables>;
export const UnlinkOpenIdDocument = new TypedDocumentString(`
    mutation UnlinkOpenId($id: ID!, $password: String!, $code: String) {
  unlinkOpenId(id: $id, password: $password, code: $code) {
    id
  }
}
    `) as unknown as TypedDocumentString<UnlinkOpenIdMutation, UnlinkOpenIdMutationVariables>;
export const VersionAdvisoriesDocument = new TypedDocumentString(`
    query VersionAdvisories($id: ID!) {
  node(id: $id) {
    ... on PackageVersion {
      advisories {
        ...Weakness
      }
    }
  }
}
    fragment Weakness on Advisory {
  id
  package
  advisoryId
  affectedVersions
  title
  cve
  link
  severity
  reportedAt
  source
  createdBy
}`) as unknown as TypedDocumentString<VersionAdvisoriesQuery, VersionAdvisoriesQueryVariables>;
export const WrittenAdvisoriesDocument = new TypedDocumentString(`
    query WrittenAdvisories($first: Int, $after: Cursor, $package: String) {
  advisories(first: $first, after: $after, package: $package) {
    totalCount
    edges {
      node {
        ...Weakness
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment Weakness on Advisory {
  id
  package
  advisoryId
  affectedVersions
  title
  cve
  link
  severity
  reportedAt
  source
  createdBy
}`) as unknown as TypedDocumentString<WrittenAdvisoriesQuery, WrittenAdvisoriesQueryVariables>;
export const AffectedInstallsDocument = new TypedDocumentString(`
    query AffectedInstalls($where: AffectedWhere, $first: Int, $after: Cursor) {
  affectedInstalls(where: $where, first: $first, after: $after) {
    totalCount
    edges {
      node {
        token {
          id
          description
        }
        package
        version
        downloads
        installs
        lastAt
        advisories {
          ...Weakness
        }
        blocks {
          id
          reason
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment Weakness on Advisory {
  id
  package
  advisoryId
  affectedVersions
  title
  cve
  link
  severity
  reportedAt
  source
  createdBy
}`) as unknown as TypedDocumentString<AffectedInstallsQuery, AffectedInstallsQueryVariables>;
export const CreateAdvisoryDocument = new TypedDocumentString(`
    mutation CreateAdvisory($input: CreateAdvisoryInput!) {
  createAdvisory(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<CreateAdvisoryMutation, CreateAdvisoryMutationVariables>;
export const UpdateAdvisoryDocument = new TypedDocumentString(`
    mutation UpdateAdvisory($id: ID!, $input: UpdateAdvisoryInput!) {
  updateAdvisory(id: $id, input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<UpdateAdvisoryMutation, UpdateAdvisoryMutationVariables>;
export const RemoveAdvisoryDocument = new TypedDocumentString(`
    mutation RemoveAdvisory($id: ID!) {
  removeAdvisory(id: $id)
}
    `) as unknown as TypedDocumentString<RemoveAdvisoryMutation, RemoveAdvisoryMutationVariables>;
export const AuditEventsDocument = new TypedDocumentString(`
    query AuditEvents($where: AuditEventWhere, $first: Int, $after: Cursor) {
  auditEvents(where: $where, first: $first, after: $after) {
    totalCount
    edges {
      node {
        id
        number
        at
        actor
        action
        target
        address
        client
        details
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<AuditEventsQuery, AuditEventsQueryVariables>;
export const AuditCheckDocument = new TypedDocumentString(`
    query AuditCheck {
  auditCheck {
    ok
    checked
    problem
  }
}
    `) as unknown as TypedDocumentString<AuditCheckQuery, AuditCheckQueryVariables>;
export const ChangedVersionsDocument = new TypedDocumentString(`
    query ChangedVersions($first: Int, $after: Cursor, $repository: ID) {
  changedVersions(first: $first, after: $after, repository: $repository) {
    totalCount
    edges {
      node {
        ...DecidedVersion
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment DecidedVersion on PackageVersion {
  id
  version
  reference
  heldUntil
  firstSeenAt
  withheld
  changed {
    reference
    sha256
    seenAt
  }
  package {
    id
    name
    repository {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<ChangedVersionsQuery, ChangedVersionsQueryVariables>;
export const HeldVersionsDocument = new TypedDocumentString(`
    query HeldVersions($first: Int, $after: Cursor, $repository: ID) {
  heldVersions(first: $first, after: $after, repository: $repository) {
    totalCount
    edges {
      node {
        ...DecidedVersion
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment DecidedVersion on PackageVersion {
  id
  version
  reference
  heldUntil
  firstSeenAt
  withheld
  changed {
    reference
    sha256
    seenAt
  }
  package {
    id
    name
    repository {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<HeldVersionsQuery, HeldVersionsQueryVariables>;
export const BlockedVersionsDocument = new TypedDocumentString(`
    query BlockedVersions($first: Int, $after: Cursor) {
  blocks(first: $first, after: $after) {
    totalCount
    edges {
      node {
        id
        package
        versions
        reason
        link
        createdAt
        createdBy
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<BlockedVersionsQuery, BlockedVersionsQueryVariables>;
export const RepositoryNamesDocument = new TypedDocumentString(`
    query RepositoryNames {
  repositories(first: 100, orderBy: {field: NAME}) {
    edges {
      node {
        id
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RepositoryNamesQuery, RepositoryNamesQueryVariables>;
export const DownloadsDocument = new TypedDocumentString(`
    query Downloads($where: DownloadWhere!, $first: Int, $after: Cursor) {
  downloads(where: $where, first: $first, after: $after) {
    totalCount
    tokenCount
    edges {
      node {
        token {
          id
          description
          status
        }
        secretHint
        package
        version
        address
        client
        downloads
        bytes
        firstAt
        lastAt
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<DownloadsQuery, DownloadsQueryVariables>;
export const NoticeEndpointsDocument = new TypedDocumentString(`
    query NoticeEndpoints {
  noticeEndpoints {
    ...NoticeEndpoint
  }
  noticeKinds {
    name
    description
  }
}
    fragment NoticeEndpoint on NoticeEndpoint {
  id
  url
  description
  kinds
  enabled
  disabledReason
  failingSince
  deliveredAt
  previousSecretEndsAt
}`) as unknown as TypedDocumentString<NoticeEndpointsQuery, NoticeEndpointsQueryVariables>;
export const NoticeDeliveriesDocument = new TypedDocumentString(`
    query NoticeDeliveries($id: ID!, $first: Int, $after: Cursor) {
  noticeEndpoint(id: $id) {
    ...NoticeEndpoint
    deliveries(first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          ...NoticeDelivery
        }
      }
    }
  }
}
    fragment NoticeEndpoint on NoticeEndpoint {
  id
  url
  description
  kinds
  enabled
  disabledReason
  failingSince
  deliveredAt
  previousSecretEndsAt
}
fragment NoticeDelivery on NoticeDelivery {
  id
  kind
  status
  attempts
  createdAt
  attemptedAt
  nextAt
  tookMs
  noticeId
  body
  answerStatus
  answer
  error
}`) as unknown as TypedDocumentString<NoticeDeliveriesQuery, NoticeDeliveriesQueryVariables>;
export const CreateNoticeEndpointDocument = new TypedDocumentString(`
    mutation CreateNoticeEndpoint($input: CreateNoticeEndpointInput!) {
  createNoticeEndpoint(input: $input) {
    secret
    endpoint {
      ...NoticeEndpoint
    }
  }
}
    fragment NoticeEndpoint on NoticeEndpoint {
  id
  url
  description
  kinds
  enabled
  disabledReason
  failingSince
  deliveredAt
  previousSecretEndsAt
}`) as unknown as TypedDocumentString<CreateNoticeEndpointMutation, CreateNoticeEndpointMutationVariables>;
export const UpdateNoticeEndpointDocument = new TypedDocumentString(`
    mutation UpdateNoticeEndpoint($id: ID!, $input: UpdateNoticeEndpointInput!) {
  updateNoticeEndpoint(id: $id, input: $input) {
    ...NoticeEndpoint
  }
}
    fragment NoticeEndpoint on NoticeEndpoint {
  id
  url
  description
  kinds
  enabled
  disabledReason
  failingSince
  deliveredAt
  previousSecretEndsAt
}`) as unknown as TypedDocumentString<UpdateNoticeEndpointMutation, UpdateNoticeEndpointMutationVariables>;
export const RemoveNoticeEndpointDocument = new TypedDocumentString(`
    mutation RemoveNoticeEndpoint($id: ID!) {
  removeNoticeEndpoint(id: $id)
}
    `) as unknown as TypedDocumentString<RemoveNoticeEndpointMutation, RemoveNoticeEndpointMutationVariables>;
export const RotateNoticeEndpointSecretDocument = new TypedDocumentString(`
    mutation RotateNoticeEndpointSecret($id: ID!) {
  rotateNoticeEndpointSecret(id: $id) {
    secret
    endpoint {
      ...NoticeEndpoint
    }
  }
}
    fragment NoticeEndpoint on NoticeEndpoint {
  id
  url
  description
  kinds
  enabled
  disabledReason
  failingSince
  deliveredAt
  previousSecretEndsAt
}`) as unknown as TypedDocumentString<RotateNoticeEndpointSecretMutation, RotateNoticeEndpointSecretMutationVariables>;
export const TestNoticeEndpointDocument = new TypedDocumentString(`
    mutation TestNoticeEndpoint($id: ID!) {
  testNoticeEndpoint(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<TestNoticeEndpointMutation, TestNoticeEndpointMutationVariables>;
export const ResendNoticeDocument = new TypedDocumentString(`
    mutation ResendNotice($id: ID!) {
  resendNotice(id: $id) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<ResendNoticeMutation, ResendNoticeMutationVariables>;
export const NoticeChoicesDocument = new TypedDocumentString(`
    query NoticeChoices {
  noticeKinds {
    name
    description
    mailed
  }
}
    `) as unknown as TypedDocumentString<NoticeChoicesQuery, NoticeChoicesQueryVariables>;
export const ChooseNoticesDocument = new TypedDocumentString(`
    mutation ChooseNotices($choices: [NoticeChoiceInput!]!) {
  chooseNotices(choices: $choices) {
    name
    description
    mailed
  }
}
    `) as unknown as TypedDocumentString<ChooseNoticesMutation, ChooseNoticesMutationVariables>;
export const OverviewDocument = new TypedDocumentString(`
    query Overview($soon: Time!) {
  repositories(first: 1) {
    totalCount
  }
  failing: repositories(first: 1, where: {status: FAILED}) {
    totalCount
  }
  tokens(first: 1) {
    totalCount
  }
  expiring: tokens(first: 1, where: {status: [ACTIVE], expiresBefore: $soon}) {
    totalCount
  }
  packages(first: 1) {
    totalCount
  }
  usage(range: MONTH) {
    requests
    downloads
    bytes
    refused
    series {
      at
      requests
      downloads
      refused
    }
    topPackages(first: 5) {
      package
      downloads
    }
  }
}
    `) as unknown as TypedDocumentString<OverviewQuery, OverviewQueryVariables>;
export const PackagesDocument = new TypedDocumentString(`
    query Packages($first: Int, $after: Cursor, $orderBy: PackageOrder, $where: PackageWhere) {
  packages(first: $first, after: $after, orderBy: $orderBy, where: $where) {
    totalCount
    edges {
      node {
        id
        name
        description
        type
        abandoned
        downloads
        withheld
        latest {
          version
        }
        repository {
          id
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<PackagesQuery, PackagesQueryVariables>;
export const PackageNamesDocument = new TypedDocumentString(`
    query PackageNames($search: String!) {
  packages(
    first: 10
    where: {search: $search}
    orderBy: {field: NAME, direction: ASC}
  ) {
    edges {
      node {
        id
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PackageNamesQuery, PackageNamesQueryVariables>;
export const WrittenVersionsDocument = new TypedDocumentString(`
    query WrittenVersions($name: String!) {
  package(name: $name) {
    id
    versions(first: 100) {
      edges {
        node {
          id
          version
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WrittenVersionsQuery, WrittenVersionsQueryVariables>;
export const PackageDocument = new TypedDocumentString(`
    query Package($name: String!, $after: Cursor) {
  package(name: $name) {
    id
    name
    description
    type
    abandoned
    downloads
    withheld
    latest {
      id
    }
    blocks {
      id
      package
      versions
      reason
      link
      createdAt
      createdBy
    }
    repository {
      id
      name
    }
    versions(first: 100, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          version
          normalizedVersion
          reference
          releasedAt
          licenses
          downloads
          withheld
          heldUntil
          changed {
            seenAt
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PackageQuery, PackageQueryVariables>;
export const PackageVersionDocument = new TypedDocumentString(`
    query PackageVersion($id: ID!) {
  node(id: $id) {
    ... on PackageVersion {
      id
      archiveBytes
      archiveSha1
      archiveSha256
      archiveStoredAt
      archiveType
      firstSeenAt
      requires {
        package
        constraint
        kind
        known
      }
      dependents(first: 100) {
        totalCount
        edges {
          node {
            id
            name
          }
        }
      }
      withheld
      heldUntil
      changed {
        reference
        sha256
        seenAt
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PackageVersionQuery, PackageVersionQueryVariables>;
export const ReadmeDocument = new TypedDocumentString(`
    query Readme($id: ID!) {
  node(id: $id) {
    ... on PackageVersion {
      readme
    }
  }
}
    `) as unknown as TypedDocumentString<ReadmeQuery, ReadmeQueryVariables>;
export const PackageUsageDocument = new TypedDocumentString(`
    query PackageUsage($name: String!, $range: UsageRange!) {
  package(name: $name) {
    usage(range: $range) {
      series {
        at
        requests
        downloads
        refused
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PackageUsageQuery, PackageUsageQueryVariables>;
export const AcceptVersionChangeDocument = new TypedDocumentString(`
    mutation AcceptVersionChange($id: ID!) {
  acceptVersionChange(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<AcceptVersionChangeMutation, AcceptVersionChangeMutationVariables>;
export const RejectVersionChangeDocument = new TypedDocumentString(`
    mutation RejectVersionChange($id: ID!) {
  rejectVersionChange(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<RejectVersionChangeMutation, RejectVersionChangeMutationVariables>;
export const ReleaseVersionDocument = new TypedDocumentString(`
    mutation ReleaseVersion($id: ID!) {
  releaseVersion(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<ReleaseVersionMutation, ReleaseVersionMutationVariables>;
export const BlockVersionsDocument = new TypedDocumentString(`
    mutation BlockVersions($input: BlockVersionsInput!) {
  blockVersions(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<BlockVersionsMutation, BlockVersionsMutationVariables>;
export const UnblockDocument = new TypedDocumentString(`
    mutation Unblock($id: ID!) {
  unblock(id: $id)
}
    `) as unknown as TypedDocumentString<UnblockMutation, UnblockMutationVariables>;
export const PeopleDocument = new TypedDocumentString(`
    query People($first: Int, $after: Cursor) {
  users(first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      node {
        ...Person
      }
    }
  }
}
    fragment Person on User {
  id
  email
  name
  role
  status
  invitationEndsAt
  lastSignInAt
  secondFactor
}`) as unknown as TypedDocumentString<PeopleQuery, PeopleQueryVariables>;
export const PersonTokensDocument = new TypedDocumentString(`
    query PersonTokens($id: ID!) {
  node(id: $id) {
    ... on User {
      tokenCount
    }
  }
}
    `) as unknown as TypedDocumentString<PersonTokensQuery, PersonTokensQueryVariables>;
export const InviteUserDocument = new TypedDocumentString(`
    mutation InviteUser($input: InviteUserInput!) {
  inviteUser(input: $input) {
    link
    mail
    user {
      ...Person
    }
  }
}
    fragment Person on User {
  id
  email
  name
  role
  status
  invitationEndsAt
  lastSignInAt
  secondFactor
}`) as unknown as TypedDocumentString<InviteUserMutation, InviteUserMutationVariables>;
export const RenewInvitationDocument = new TypedDocumentString(`
    mutation RenewInvitation($id: ID!) {
  renewInvitation(id: $id) {
    link
    mail
    user {
      ...Person
    }
  }
}
    fragment Person on User {
  id
  email
  name
  role
  status
  invitationEndsAt
  lastSignInAt
  secondFactor
}`) as unknown as TypedDocumentString<RenewInvitationMutation, RenewInvitationMutationVariables>;
export const UpdateUserDocument = new TypedDocumentString(`
    mutation UpdateUser($id: ID!, $input: UpdateUserInput!) {
  updateUser(id: $id, input: $input) {
    ...Person
  }
}
    fragment Person on User {
  id
  email
  name
  role
  status
  invitationEndsAt
  lastSignInAt
  secondFactor
}`) as unknown as TypedDocumentString<UpdateUserMutation, UpdateUserMutationVariables>;
export const RemoveUserDocument = new TypedDocumentString(`
    mutation RemoveUser($id: ID!) {
  removeUser(id: $id)
}
    `) as unknown as TypedDocumentString<RemoveUserMutation, RemoveUserMutationVariables>;
export const EndUserSessionsDocument = new TypedDocumentString(`
    mutation EndUserSessions($id: ID!) {
  endUserSessions(id: $id)
}
    `) as unknown as TypedDocumentString<EndUserSessionsMutation, EndUserSessionsMutationVariables>;
export const OrganizationsDocument = new TypedDocumentString(`
    query Organizations($first: Int, $after: Cursor) {
  organizations(first: $first, after: $after) {
    edges {
      node {
        ...OrganizationRow
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment OrganizationRow on Organization {
  id
  host
  url
  name
  include
  exclude
  forks
  archived
  hasCredential
  enabled
  status
  repositoryCount
  lastSyncedAt
  lastError
  notice
}`) as unknown as TypedDocumentString<OrganizationsQuery, OrganizationsQueryVariables>;
export const AddOrganizationDocument = new TypedDocumentString(`
    mutation AddOrganization($input: AddOrganizationInput!) {
  addOrganization(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<AddOrganizationMutation, AddOrganizationMutationVariables>;
export const UpdateOrganizationDocument = new TypedDocumentString(`
    mutation UpdateOrganization($id: ID!, $input: UpdateOrganizationInput!) {
  updateOrganization(id: $id, input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<UpdateOrganizationMutation, UpdateOrganizationMutationVariables>;
export const RemoveOrganizationDocument = new TypedDocumentString(`
    mutation RemoveOrganization($id: ID!, $repositories: Boolean) {
  removeOrganization(id: $id, repositories: $repositories)
}
    `) as unknown as TypedDocumentString<RemoveOrganizationMutation, RemoveOrganizationMutationVariables>;
export const SyncOrganizationDocument = new TypedDocumentString(`
    mutation SyncOrganization($id: ID!) {
  syncOrganization(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<SyncOrganizationMutation, SyncOrganizationMutationVariables>;
export const OrganizationWebhookDocument = new TypedDocumentString(`
    query OrganizationWebhook($id: ID!) {
  organization(id: $id) {
    id
    webhookUrl
    webhookSecretAt
    webhookReceivedAt
    webhookOutcome
  }
}
    `) as unknown as TypedDocumentString<OrganizationWebhookQuery, OrganizationWebhookQueryVariables>;
export const CreateOrganizationWebhookSecretDocument = new TypedDocumentString(`
    mutation CreateOrganizationWebhookSecret($id: ID!) {
  createOrganizationWebhookSecret(id: $id) {
    secret
  }
}
    `) as unknown as TypedDocumentString<CreateOrganizationWebhookSecretMutation, CreateOrganizationWebhookSecretMutationVariables>;
export const RemoveOrganizationWebhookSecretDocument = new TypedDocumentString(`
    mutation RemoveOrganizationWebhookSecret($id: ID!) {
  removeOrganizationWebhookSecret(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<RemoveOrganizationWebhookSecretMutation, RemoveOrganizationWebhookSecretMutationVariables>;
export const RepositoriesDocument = new TypedDocumentString(`
    query Repositories($first: Int, $after: Cursor, $where: RepositoryWhere) {
  repositories(
    first: $first
    after: $after
    where: $where
    orderBy: {field: NAME}
  ) {
    totalCount
    edges {
      node {
        ...RepositoryRow
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment RepositoryRow on Repository {
  id
  name
  type
  url
  packages
  owns
  paths
  hostKeys
  priority
  distMode
  cooldownDays
  cooldownExceptions
  packFrom
  credential
  enabled
  listed
  status
  lastSyncedAt
  lastError
  notice
  packageCount
  versionCount
  storedBytes
  createdAt
  syncs(first: 1) {
    edges {
      node {
        id
        status
        packagesDone
        packagesTotal
        startedAt
        skipped {
          package
        }
      }
    }
  }
}`) as unknown as TypedDocumentString<RepositoriesQuery, RepositoriesQueryVariables>;
export const RepositoryDocument = new TypedDocumentString(`
    query Repository($id: ID!) {
  repository(id: $id) {
    ...RepositoryRow
    prefetch
    closedNames
    health {
      credentialExpiresAt
    }
    history: syncs(first: 20) {
      edges {
        node {
          id
          status
          trigger
          startedAt
          finishedAt
          packagesDone
          packagesTotal
          versionsAdded
          versionsRemoved
          versionsChanged
          archivesAhead
          error
          notice
          skipped {
            package
            version
            reason
          }
        }
      }
    }
  }
}
    fragment RepositoryRow on Repository {
  id
  name
  type
  url
  packages
  owns
  paths
  hostKeys
  priority
  distMode
  cooldownDays
  cooldownExceptions
  packFrom
  credential
  enabled
  listed
  status
  lastSyncedAt
  lastError
  notice
  packageCount
  versionCount
  storedBytes
  createdAt
  syncs(first: 1) {
    edges {
      node {
        id
        status
        packagesDone
        packagesTotal
        startedAt
        skipped {
          package
        }
      }
    }
  }
}`) as unknown as TypedDocumentString<RepositoryQuery, RepositoryQueryVariables>;
export const CreateRepositoryDocument = new TypedDocumentString(`
    mutation CreateRepository($input: CreateRepositoryInput!) {
  createRepository(input: $input) {
    ...RepositoryRow
  }
}
    fragment RepositoryRow on Repository {
  id
  name
  type
  url
  packages
  owns
  paths
  hostKeys
  priority
  distMode
  cooldownDays
  cooldownExceptions
  packFrom
  credential
  enabled
  listed
  status
  lastSyncedAt
  lastError
  notice
  packageCount
  versionCount
  storedBytes
  createdAt
  syncs(first: 1) {
    edges {
      node {
        id
        status
        packagesDone
        packagesTotal
        startedAt
        skipped {
          package
        }
      }
    }
  }
}`) as unknown as TypedDocumentString<CreateRepositoryMutation, CreateRepositoryMutationVariables>;
export const UpdateRepositoryDocument = new TypedDocumentString(`
    mutation UpdateRepository($id: ID!, $input: UpdateRepositoryInput!) {
  updateRepository(id: $id, input: $input) {
    ...RepositoryRow
  }
}
    fragment RepositoryRow on Repository {
  id
  name
  type
  url
  packages
  owns
  paths
  hostKeys
  priority
  distMode
  cooldownDays
  cooldownExceptions
  packFrom
  credential
  enabled
  listed
  status
  lastSyncedAt
  lastError
  notice
  packageCount
  versionCount
  storedBytes
  createdAt
  syncs(first: 1) {
    edges {
      node {
        id
        status
        packagesDone
        packagesTotal
        startedAt
        skipped {
          package
        }
      }
    }
  }
}`) as unknown as TypedDocumentString<UpdateRepositoryMutation, UpdateRepositoryMutationVariables>;
export const DeleteRepositoryDocument = new TypedDocumentString(`
    mutation DeleteRepository($id: ID!) {
  deleteRepository(id: $id)
}
    `) as unknown as TypedDocumentString<DeleteRepositoryMutation, DeleteRepositoryMutationVariables>;
export const SyncRepositoryDocument = new TypedDocumentString(`
    mutation SyncRepository($id: ID!) {
  syncRepository(id: $id) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<SyncRepositoryMutation, SyncRepositoryMutationVariables>;
export const CancelSyncDocument = new TypedDocumentString(`
    mutation CancelSync($id: ID!) {
  cancelSync(id: $id) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<CancelSyncMutation, CancelSyncMutationVariables>;
export const ConfirmRemovalsDocument = new TypedDocumentString(`
    mutation ConfirmRemovals($id: ID!) {
  confirmRemovals(id: $id) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<ConfirmRemovalsMutation, ConfirmRemovalsMutationVariables>;
export const ClaimsDocument = new TypedDocumentString(`
    query Claims($first: Int, $after: Cursor) {
  claims(first: $first, after: $after) {
    edges {
      node {
        id
        pattern
        closedAt
        repository {
          id
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<ClaimsQuery, ClaimsQueryVariables>;
export const ReleaseClaimDocument = new TypedDocumentString(`
    mutation ReleaseClaim($id: ID!) {
  releaseClaim(id: $id)
}
    `) as unknown as TypedDocumentString<ReleaseClaimMutation, ReleaseClaimMutationVariables>;
export const CheckRepositoryDocument = new TypedDocumentString(`
    query CheckRepository($input: CreateRepositoryInput!, $repository: ID) {
  checkRepository(input: $input, repository: $repository) {
    ok
    message
    credentialExpiresAt
  }
}
    `) as unknown as TypedDocumentString<CheckRepositoryQuery, CheckRepositoryQueryVariables>;
export const WebhookDocument = new TypedDocumentString(`
    query Webhook($id: ID!) {
  repository(id: $id) {
    id
    webhookUrl
    webhookSecretAt
    webhookReceivedAt
    webhookOutcome
  }
}
    `) as unknown as TypedDocumentString<WebhookQuery, WebhookQueryVariables>;
export const CreateWebhookSecretDocument = new TypedDocumentString(`
    mutation CreateWebhookSecret($id: ID!) {
  createWebhookSecret(repository: $id) {
    url
    secret
  }
}
    `) as unknown as TypedDocumentString<CreateWebhookSecretMutation, CreateWebhookSecretMutationVariables>;
export const RemoveWebhookSecretDocument = new TypedDocumentString(`
    mutation RemoveWebhookSecret($id: ID!) {
  removeWebhookSecret(repository: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<RemoveWebhookSecretMutation, RemoveWebhookSecretMutationVariables>;
export const SettingsDocument = new TypedDocumentString(`
    query Settings {
  settings {
    ...AllSettings
  }
}
    fragment AllSettings on Settings {
  defaultRateLimit
  tokensMayManageTokens
  defaultTokenDays
  maxTokenDays
  warnUnusedDays
  disableUnusedDays
  leakAction
  auditRetentionDays
  secondFactorRequired
  prefetch
}`) as unknown as TypedDocumentString<SettingsQuery, SettingsQueryVariables>;
export const UpdateSettingsDocument = new TypedDocumentString(`
    mutation UpdateSettings($input: UpdateSettingsInput!) {
  updateSettings(input: $input) {
    ...AllSettings
  }
}
    fragment AllSettings on Settings {
  defaultRateLimit
  tokensMayManageTokens
  defaultTokenDays
  maxTokenDays
  warnUnusedDays
  disableUnusedDays
  leakAction
  auditRetentionDays
  secondFactorRequired
  prefetch
}`) as unknown as TypedDocumentString<UpdateSettingsMutation, UpdateSettingsMutationVariables>;
export const TokenDocument = new TypedDocumentString(`
    query Token($id: ID!) {
  token(id: $id) {
    ...TokenRow
    labels {
      name
      value
    }
    rateLimitStatus {
      limit
      remaining
      resetAt
    }
    revokedBy
    revokedReason
    disabledReason
    leakedUrl
    createdByRemoved
    claimedAt
    claimedBy
    claimedAddress
    claimedClient
    noticesWithKind {
      kind
      text
    }
    parent {
      id
      description
    }
    secrets {
      id
      hint
      createdAt
      expiresAt
      lastUsedAt
      lastUsedAddress
      lastUsedClient
      addresses(first: 20) {
        address
        client
        requests
        refused
        firstAt
        lastAt
      }
    }
  }
}
    fragment TokenRow on Token {
  id
  description
  permission
  status
  hint
  packages
  packageRules {
    pattern
    versions
    releasedBefore
    minimumStability
  }
  networks
  rateLimit
  externalId
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  lastUsedAddress
  lastUsedClient
  revokedAt
  disabledAt
  leakedAt
  childCount
  claimPending
  claimEndsAt
}`) as unknown as TypedDocumentString<TokenQuery, TokenQueryVariables>;
export const TokenNameDocument = new TypedDocumentString(`
    query TokenName($id: ID!) {
  token(id: $id) {
    id
    description
  }
}
    `) as unknown as TypedDocumentString<TokenNameQuery, TokenNameQueryVariables>;
export const ExplainDocument = new TypedDocumentString(`
    query Explain($token: ID!, $package: String!, $version: String!) {
  explain(token: $token, package: $package, version: $version) {
    package
    version
    outcome
    steps {
      rule
      allowed
      text
    }
  }
}
    `) as unknown as TypedDocumentString<ExplainQuery, ExplainQueryVariables>;
export const TokenUsageDocument = new TypedDocumentString(`
    query TokenUsage($id: ID!, $range: UsageRange!) {
  token(id: $id) {
    id
    usage(range: $range) {
      requests
      downloads
      bytes
      refused
      series {
        at
        requests
        downloads
        refused
      }
      topPackages(first: 10) {
        package
        downloads
        bytes
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TokenUsageQuery, TokenUsageQueryVariables>;
export const TokensDocument = new TypedDocumentString(`
    query Tokens($first: Int, $after: Cursor, $orderBy: TokenOrder, $where: TokenWhere) {
  tokens(first: $first, after: $after, orderBy: $orderBy, where: $where) {
    totalCount
    edges {
      node {
        ...TokenRow
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment TokenRow on Token {
  id
  description
  permission
  status
  hint
  packages
  packageRules {
    pattern
    versions
    releasedBefore
    minimumStability
  }
  networks
  rateLimit
  externalId
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  lastUsedAddress
  lastUsedClient
  revokedAt
  disabledAt
  leakedAt
  childCount
  claimPending
  claimEndsAt
}`) as unknown as TypedDocumentString<TokensQuery, TokensQueryVariables>;
export const CreateTokenDocument = new TypedDocumentString(`
    mutation CreateToken($input: CreateTokenInput!) {
  createToken(input: $input) {
    secret
    claimLink
    token {
      ...TokenRow
    }
  }
}
    fragment TokenRow on Token {
  id
  description
  permission
  status
  hint
  packages
  packageRules {
    pattern
    versions
    releasedBefore
    minimumStability
  }
  networks
  rateLimit
  externalId
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  lastUsedAddress
  lastUsedClient
  revokedAt
  disabledAt
  leakedAt
  childCount
  claimPending
  claimEndsAt
}`) as unknown as TypedDocumentString<CreateTokenMutation, CreateTokenMutationVariables>;
export const UpdateTokenDocument = new TypedDocumentString(`
    mutation UpdateToken($id: ID!, $input: UpdateTokenInput!) {
  updateToken(id: $id, input: $input) {
    ...TokenRow
  }
}
    fragment TokenRow on Token {
  id
  description
  permission
  status
  hint
  packages
  packageRules {
    pattern
    versions
    releasedBefore
    minimumStability
  }
  networks
  rateLimit
  externalId
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  lastUsedAddress
  lastUsedClient
  revokedAt
  disabledAt
  leakedAt
  childCount
  claimPending
  claimEndsAt
}`) as unknown as TypedDocumentString<UpdateTokenMutation, UpdateTokenMutationVariables>;
export const RevocationPreviewDocument = new TypedDocumentString(`
    query RevocationPreview($ids: [ID!], $where: TokenWhere) {
  revocationPreview(ids: $ids, where: $where) {
    count
    activeCount
    active {
      id
      description
      lastUsedAt
      lastUsedAddress
    }
    childCount
  }
}
    `) as unknown as TypedDocumentString<RevocationPreviewQuery, RevocationPreviewQueryVariables>;
export const RevokeTokensDocument = new TypedDocumentString(`
    mutation RevokeTokens($ids: [ID!]!, $reason: String) {
  revokeTokens(ids: $ids, reason: $reason) {
    id
  }
}
    `) as unknown as TypedDocumentString<RevokeTokensMutation, RevokeTokensMutationVariables>;
export const RevokeMatchingTokensDocument = new TypedDocumentString(`
    mutation RevokeMatchingTokens($where: TokenWhere!, $expected: Int!, $reason: String) {
  revokeMatchingTokens(where: $where, expected: $expected, reason: $reason)
}
    `) as unknown as TypedDocumentString<RevokeMatchingTokensMutation, RevokeMatchingTokensMutationVariables>;
export const DisableTokensDocument = new TypedDocumentString(`
    mutation DisableTokens($ids: [ID!]!, $reason: String) {
  disableTokens(ids: $ids, reason: $reason) {
    id
  }
}
    `) as unknown as TypedDocumentString<DisableTokensMutation, DisableTokensMutationVariables>;
export const EnableTokensDocument = new TypedDocumentString(`
    mutation EnableTokens($ids: [ID!]!) {
  enableTokens(ids: $ids) {
    id
  }
}
    `) as unknown as TypedDocumentString<EnableTokensMutation, EnableTokensMutationVariables>;
export const RotateTokenDocument = new TypedDocumentString(`
    mutation RotateToken($id: ID!, $gracePeriodSeconds: Int) {
  rotateToken(id: $id, gracePeriodSeconds: $gracePeriodSeconds) {
    secret
    previousExpiresAt
    token {
      id
      expiresAt
    }
  }
}
    `) as unknown as TypedDocumentString<RotateTokenMutation, RotateTokenMutationVariables>;
export const RenewClaimDocument = new TypedDocumentString(`
    mutation RenewClaim($id: ID!) {
  renewClaim(id: $id) {
    claimLink
    token {
      id
      description
      claimEndsAt
    }
  }
}
    `) as unknown as TypedDocumentString<RenewClaimMutation, RenewClaimMutationVariables>;
export const EndRotationDocument = new TypedDocumentString(`
    mutation EndRotation($id: ID!) {
  endRotation(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<EndRotationMutation, EndRotationMutationVariables>;
export const CancelRotationDocument = new TypedDocumentString(`
    mutation CancelRotation($id: ID!) {
  cancelRotation(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<CancelRotationMutation, CancelRotationMutationVariables>;
export const ReleaseTokensDocument = new TypedDocumentString(`
    mutation ReleaseTokens($ids: [ID!]!) {
  releaseTokens(ids: $ids) {
    id
  }
}
    `) as unknown as TypedDocumentString<ReleaseTokensMutation, ReleaseTokensMutationVariables>;
export const UsageDocument = new TypedDocumentString(`
    query Usage($range: UsageRange!) {
  usage(range: $range) {
    requests
    downloads
    installs
    metadata
    notModified
    bytes
    refused
    refusals {
      limit
      package
      permission
      network
      ended
    }
    series {
      at
      requests
      downloads
      refused
    }
    topPackages(first: 10) {
      package
      downloads
      bytes
    }
    topTokens(first: 10) {
      token {
        id
        description
      }
      requests
      downloads
      bytes
    }
  }
}
    `) as unknown as TypedDocumentString<UsageQuery, UsageQueryVariables>;