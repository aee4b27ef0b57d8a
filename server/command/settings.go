package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"broker/server/fault"
	"broker/server/settings"
)

func listSettings(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		current, err := t.rules.Current(ctx)
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(current, "", "  ")
		if err != nil {
			return err
		}
		if !*asJSON { // one NAME=VALUE a line, as set takes them
			text = []byte(strings.NewReplacer("{\n", "", "\n}", "", "  \"", "", "\": null", "=0", "\": ", "=", "\"", "", ",\n", "\n").Replace(string(text)))
		}
		fmt.Fprintln(t.Out, string(text))
		return nil
	}
}

func setSettings(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		fields := map[string]json.RawMessage{}
		for _, word := range f.words {
			name, value, ok := strings.Cut(word, "=")
			if !ok {
				return &usageError{fmt.Sprintf("settings set: %q is not NAME=VALUE", word)}
			}
			if fields[name] = json.RawMessage(value); !json.Valid(fields[name]) {
				fields[name], _ = json.Marshal(value) // a string always marshals
			}
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		var changes settings.Changes
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&changes); err != nil {
			return fault.Invalidf("settings", "There is no such setting, or not with such a value: %s. broker settings list shows them.", strings.TrimPrefix(err.Error(), "json: "))
		}
		_, err = t.rules.Update(ctx, changes)
		return err
	}
}
