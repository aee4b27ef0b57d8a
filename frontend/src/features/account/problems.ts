/** Why the sign-in service led nowhere, by the word in the page's address. Other words are none of ours. */
const problems: Record<string, string> = {
  unreachable:
    "The sign-in service cannot be reached. Try again in a minute; if that does not help, tell whoever runs this server. An owner can sign in with a password.",
  refused:
    "The sign-in service's answer does not hold. Try again; if that does not help, tell whoever runs this server.",
  cancelled: "The sign-in service did not let you in, or you stopped there. Try again.",
  again: "This sign-in was begun in another browser, or more than ten minutes ago. Try again.",
  often: "Too many sign-ins from your network came to nothing. Try again in a minute.",
  unknown: "Nobody here knows you yet. Ask an owner for an invitation.",
  unverified: "The sign-in service does not say that your e-mail address is yours. Ask an owner for an invitation.",
  taken: "There is an account with your e-mail address. Sign in to it, and link it under Your account.",
  invited: "You are invited. Open the link of the invitation.",
  linked: "Your account at the sign-in service belongs to another person here.",
  removed: "An owner removed you. They can invite you again.",
  dropped: "You are no longer in a group or domain that may sign in here. Ask whoever runs the sign-in service.",
  invitation: "This invitation has ended, was used or was taken back. Ask an owner for a new one.",
  fault: "The server has a fault. Its log says more.",
};

export const problemText = (word: string): string => problems[word] ?? "You were not signed in. Try again.";
