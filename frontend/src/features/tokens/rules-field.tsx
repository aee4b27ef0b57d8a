import { useEffect, useId, useRef, useState } from "react";
import { SuggestInput } from "../../components/suggest";
import { Button } from "../../components/ui/button";
import { Field, Input, Select } from "../../components/ui/field";
import { usePackageNames } from "../packages/suggestions";
import { type TokenForm, words } from "./form";
import { ruleSentence } from "./rule-words";
import { constraintMost, newRow, type RuleRow, ruleField, ruleOf, rulesMost, stabilities } from "./rules";

type Props = {
  form: TokenForm;
  set: (change: Partial<TokenForm>) => void;
  errors: Record<string, string>;
  /** Forgets errors, as they name rules by their place. */
  forget: () => void;
};

/** Which versions of its packages a token may have: rules that come and go. */
export function RulesField({ form, set, errors, forget }: Props) {
  const add = useRef<HTMLButtonElement>(null);
  const [added, setAdded] = useState<number>();
  const { rules } = form;
  const own = form.restricted ? words(form.packages) : [];
  const full = rules.length >= rulesMost;
  const addRow = () => {
    if (full) return;
    const row = newRow(rules, own.length === 1 ? own[0] : "");
    setAdded(row.key);
    set({ rules: [...rules, row] });
  };
  const remove = (key: number) => {
    forget();
    set({ rules: rules.filter((row) => row.key !== key) });
    add.current?.focus();
  };
  return (
    <fieldset className="grid gap-3">
      <legend className="mb-1.5 font-medium">Versions</legend>
      <p className="text-[13px] text-muted">
        {rules.length === 0
          ? "Every version of its packages. A rule narrows that, as for a licence whose updates end."
          : "Where several rules are of a package, all of them count. Packages that no rule is of are not narrowed."}
      </p>
      {rules.map((row, index) => (
        <RuleFields
          key={row.key}
          row={row}
          index={index}
          own={own}
          errors={errors}
          begin={row.key === added}
          onChange={(change) => set({ rules: rules.map((one) => (one.key === row.key ? { ...one, ...change } : one)) })}
          onRemove={() => remove(row.key)}
        />
      ))}
      <Button
        ref={add}
        className="w-fit"
        busy={full}
        title={full ? `At most ${rulesMost} rules.` : undefined}
        onClick={addRow}
      >
        Add a rule
      </Button>
    </fieldset>
  );
}

type RuleProps = {
  row: RuleRow;
  index: number;
  /** The patterns of the token. */
  own: readonly string[];
  errors: Record<string, string>;
  /** Whether the focus goes to it, as it has just been added. */
  begin: boolean;
  onChange: (change: Partial<RuleRow>) => void;
  onRemove: () => void;
};

function RuleFields({ row, index, own, errors, begin, onChange, onRemove }: RuleProps) {
  const id = useId();
  const pattern = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (begin) pattern.current?.focus();
  }, [begin]);
  const names = usePackageNames(row.pattern);
  const suggestions = [...new Set([...(own.length > 0 ? own : ["*"]), ...names])];
  return (
    <fieldset aria-describedby={id} className="grid min-w-0 gap-3 rounded-md border border-edge px-3 pt-1 pb-3">
      <legend className="px-1 text-[13px] text-muted">Rule {index + 1}</legend>
      <div className="grid items-start gap-3 sm:grid-cols-2">
        <Field label="Pattern" error={errors[ruleField(index, "pattern")]}>
          {(ids) => (
            <SuggestInput
              {...ids}
              ref={pattern}
              required
              maxLength={200}
              placeholder="acme/*"
              suggestions={suggestions}
              value={row.pattern}
              onChange={({ target }) => onChange({ pattern: target.value })}
            />
          )}
        </Field>
        <Field label="Versions" error={errors[ruleField(index, "versions")]}>
          {(ids) => (
            <Input
              {...ids}
              className="mono"
              spellCheck={false}
              maxLength={constraintMost}
              placeholder="^2.0 or any"
              value={row.versions}
              onChange={({ target }) => onChange({ versions: target.value })}
            />
          )}
        </Field>
        <Field label="Released before" error={errors[ruleField(index, "releasedBefore")]}>
          {(ids) => (
            <Input
              {...ids}
              type="date"
              max="9999-12-31"
              value={row.before}
              onChange={({ target }) => onChange({ before: target.value })}
            />
          )}
        </Field>
        <Field label="Minimum stability" error={errors[ruleField(index, "minimumStability")]}>
          {(ids) => (
            <Select {...ids} value={row.stability} onChange={({ target }) => onChange({ stability: target.value })}>
              <option value="">Any</option>
              {Object.entries(stabilities).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
              {row.stability === "dev" && <option value="dev">Dev</option>}
            </Select>
          )}
        </Field>
      </div>
      <div className="flex items-start justify-between gap-3">
        <p id={id} className="min-w-0 pt-1.5 text-[13px] wrap-anywhere">
          {sentence(row)}
        </p>
        <Button aria-label={`Remove rule ${index + 1}`} onClick={onRemove}>
          Remove
        </Button>
      </div>
    </fieldset>
  );
}

/** What a row says so far. */
function sentence(row: RuleRow): string {
  const rule = ruleOf(row);
  if (!rule.pattern) return "Say which packages it is of.";
  if (!rule.versions && !rule.releasedBefore && !rule.minimumStability) return "It narrows nothing yet.";
  return ruleSentence(rule);
}
