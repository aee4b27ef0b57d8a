/** What is said beside an archive that has no composer.json, or not all of it. Empty fields are not said. */
export type Said = { name: string; version: string; type: string; description: string; require: string };

export const nothingSaid: Said = { name: "", version: "", type: "", description: "", require: "" };

/** A version that the server has taken. */
export type Published = { package: string; version: string; url: string; size: number; notice?: string };

/** Where an archive is sent. Each line of require is a package and a constraint, apart by a colon or a space. */
export function addressOf(repository: string, said: Said): string {
  const query = new URLSearchParams();
  for (const key of ["name", "version", "type", "description"] as const) {
    if (said[key].trim()) query.set(key, said[key].trim());
  }
  for (const line of said.require.split("\n")) {
    const [name, ...constraint] = line.trim().split(/[\s:]+/);
    if (name) query.append("require", `${name}:${constraint.join(" ") || "*"}`);
  }
  const asked = query.toString();
  return `/upload/${repository}${asked && `?${asked}`}`;
}

/** Sends an archive; progress is told from 0 to 1. What the server refuses is thrown as its sentence. */
export function send(address: string, file: Blob, progress: (part: number) => void): Promise<Published> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of what is sent
    request.open("PUT", address);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onerror = () =>
      reject(
        new Error("The connection broke off. Check it, and that the file was not changed meanwhile, and try again."),
      );
    request.onload = () => {
      if (request.status === 201) resolve(request.response);
      else if (request.status === 401) reject(new Error("Your session had ended. Sign in and try again."));
      else reject(new Error(request.response?.warning ?? `The server answered ${request.status}. Try again.`));
    };
    request.send(file);
  });
}
