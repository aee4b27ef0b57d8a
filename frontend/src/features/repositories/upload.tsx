import { Progress } from "@base-ui/react/progress";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { CopyBox } from "../../components/copy-box";
import { Callout, Panel } from "../../components/panel";
import { Button } from "../../components/ui/button";
import { Field, Input, Textarea } from "../../components/ui/field";
import { changed } from "../../lib/changes";
import { bytes } from "../../lib/time";
import { PackageLink } from "../packages/package-link";
import type { Repository } from "./queries";
import { addressOf, nothingSaid, type Published, type Said, send } from "./send";

/** Where archives are dropped to become versions, and how a pipeline sends them. */
export function UploadPanel({ repository }: { repository: Repository }) {
  const client = useQueryClient();
  const [said, setSaid] = useState(nothingSaid);
  const [part, setPart] = useState(0);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const { mutate, isPending, variables, data, error } = useMutation<Published, Error, File>({
    mutationFn: (file) => send(addressOf(repository.name, said), file, setPart),
    onMutate: () => setPart(0),
    onSuccess: () => {
      setSaid(nothingSaid);
      void changed(client, "repositories");
    },
  });
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file && !isPending) mutate(file);
    if (input.current) input.current.value = ""; // the same file may be chosen again
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    <Panel title="Upload a version" className="mb-8">
      <fieldset
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={`grid justify-items-center gap-2 rounded-md border border-dashed p-6 text-center ${over ? "border-accent bg-soft" : "border-edge"}`}
      >
        <legend className="sr-only">Archive</legend>
        <input
          ref={input}
          type="file"
          accept=".zip,application/zip"
          aria-label="Zip archive"
          tabIndex={-1}
          className="sr-only"
          onChange={({ target }) => take(target.files)}
        />
        <Button kind="primary" busy={isPending} onClick={() => input.current?.click()}>
          <Upload size={16} aria-hidden />
          Choose a zip archive
        </Button>
        <p className="text-[13px] text-muted">
          Or drop it here. Its composer.json tells the package and the version; up to 512 MiB.
        </p>
      </fieldset>
      <div role="status" className="empty:hidden">
        {isPending && <Sending name={variables.name} part={part} />}
        {!isPending && data && <Done version={data} />}
      </div>
      {!isPending && error && (
        <div role="alert">
          <Callout tone="danger">{error.message}</Callout>
        </div>
      )}
      <SaidFields said={said} set={(change) => setSaid((now) => ({ ...now, ...change }))} />
      <details>
        <summary>Upload from a pipeline</summary>
        <div className="mt-3 grid gap-2">
          <CopyBox
            label="the command"
            text={`curl --fail-with-body -u token:$BROKER_TOKEN --upload-file plugin.zip "${window.location.origin}/upload/${repository.name}?version=1.2.0"`}
          />
          <p className="text-[13px] text-muted">
            With a write token. Leave out ?version= where composer.json has a version.
          </p>
        </div>
      </details>
    </Panel>
  );
}

function Sending({ name, part }: { name: string; part: number }) {
  const text = part < 1 ? `${Math.floor(part * 100)} %` : "Looking at what is in it";
  return (
    <Progress.Root value={Math.floor(part * 100)} aria-label={`Upload of ${name}`} className="grid gap-1.5">
      <span className="text-[13px] wrap-anywhere">
        {name}: {text}
      </span>
      <Progress.Track className="block h-1.5 overflow-hidden rounded bg-soft">
        <Progress.Indicator className="block h-full rounded bg-accent" />
      </Progress.Track>
    </Progress.Root>
  );
}

function Done({ version }: { version: Published }) {
  return (
    <Callout tone={version.notice ? "warn" : "plain"}>
      <p>
        <PackageLink name={version.package} /> {version.version} is uploaded, {bytes(version.size)}.
      </p>
      {version.notice && <p>{version.notice}</p>}
    </Callout>
  );
}

function SaidFields({ said, set }: { said: Said; set: (change: Partial<Said>) => void }) {
  return (
    <details>
      <summary>It has no composer.json, or no version in it</summary>
      <div className="mt-3 grid gap-3 sm:grid-cols-2">
        <p className="text-[13px] text-muted sm:col-span-2">
          Say it here before you choose the archive. What its composer.json says itself stays out.
        </p>
        <Field label="Package" help="Such as acme/plugin.">
          {(ids) => <Input {...ids} value={said.name} onChange={({ target }) => set({ name: target.value })} />}
        </Field>
        <Field label="Version" help="Such as 1.2.0, or dev-main for a branch.">
          {(ids) => <Input {...ids} value={said.version} onChange={({ target }) => set({ version: target.value })} />}
        </Field>
        <Field label="Type" help="Such as wordpress-plugin. Empty: library.">
          {(ids) => <Input {...ids} value={said.type} onChange={({ target }) => set({ type: target.value })} />}
        </Field>
        <Field label="Description" help="One line.">
          {(ids) => (
            <Input {...ids} value={said.description} onChange={({ target }) => set({ description: target.value })} />
          )}
        </Field>
        <div className="sm:col-span-2">
          <Field label="Requires" help="Packages with their constraint, one a line, such as php ^8.1.">
            {(ids) => (
              <Textarea
                {...ids}
                rows={2}
                value={said.require}
                onChange={({ target }) => set({ require: target.value })}
              />
            )}
          </Field>
        </div>
      </div>
    </details>
  );
}
