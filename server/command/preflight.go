package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"broker/server/view"
)

// The bounds of a preflight, as a client asks for it.
const (
	preflightFor    = 2 * time.Minute
	preflightAnswer = 32 << 20 // bytes
)

// tokenVariable is where a preflight finds the token's secret. No argument has it: others on the machine see those.
const tokenVariable = "BROKER_TOKEN"

// preflight asks a server whether an install from a lock file gets everything from it. It needs no database.
func (p Program) preflight() *cobra.Command {
	cmd := &cobra.Command{
		Use: "preflight [FILE]", Args: between(0, 1),
		Short:   "Ask a server whether an install from a lock file, composer.lock, gets everything from it; missing archives are fetched",
		Long:    "Ask a server whether an install from a lock file, composer.lock, gets everything from it. Archives that it does not\nhave yet are fetched. The secret of the token is read from --token-file, or from " + tokenVariable + ".\n\nIt ends with 0 when all is allowed, and stored or being fetched; with 1 and a table of what is not; with 2 when the\ncommand line makes no sense.",
		Example: "  broker preflight --url https://packages.example.org --token-file token.txt composer.lock",
	}
	address := cmd.Flags().String("url", "", "the server's address")
	file := cmd.Flags().String("token-file", "", "a file with the secret of an access token")
	asJSON := cmd.Flags().Bool("json", false, "print the whole answer as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		at, err := serverAddress(*address)
		if err != nil {
			return err
		}
		secret, err := tokenSecret(*file)
		if err != nil {
			return err
		}
		name := "composer.lock"
		if len(args) > 0 {
			name = args[0]
		}
		lock, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("preflight: %w", err)
		}
		answer, err := p.askPreflight(cmd.Context(), at, secret, lock)
		if err != nil {
			return err
		}
		return p.tellPreflight(answer, *asJSON)
	}
	return cmd
}

// serverAddress is the address of the route.
func serverAddress(said string) (string, error) {
	u, err := url.Parse(said)
	switch {
	case said == "":
		return "", &usageError{"preflight: say which server: --url https://packages.example.org"}
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", &usageError{"preflight: --url is the address of a server, such as https://packages.example.org"}
	case u.User != nil:
		return "", &usageError{"preflight: --url must not hold the token: put it into " + tokenVariable + ", or a file that --token-file names"}
	}
	return u.Scheme + "://" + u.Host + "/preflight", nil
}

func tokenSecret(file string) (string, error) {
	secret := os.Getenv(tokenVariable)
	if file != "" {
		read, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("preflight: read the token: %w", err)
		}
		secret = string(read)
	}
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", &usageError{"preflight: there is no token: put its secret into " + tokenVariable + ", or a file that --token-file names"}
	}
	return secret, nil
}

func (p Program) askPreflight(ctx context.Context, address, secret string, lock []byte) (*view.Preflighted, error) {
	ctx, cancel := context.WithTimeout(ctx, preflightFor)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(lock))
	if err != nil {
		return nil, fmt.Errorf("preflight: %w", err)
	}
	request.SetBasicAuth("token", secret)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "package-broker/"+p.Version)
	// A redirect would lose the lock file, or take the secret elsewhere.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("preflight: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, preflightAnswer))
	if err != nil {
		return nil, fmt.Errorf("preflight: the answer of %s broke off: %w", address, err)
	}
	if to, err := response.Location(); err == nil && response.StatusCode/100 == 3 {
		return nil, fmt.Errorf("preflight: %s leads to %s://%s: give that address with --url", address, to.Scheme, to.Host)
	}
	if response.StatusCode != http.StatusOK {
		var refusal struct{ Warning string }
		if json.Unmarshal(body, &refusal) != nil || refusal.Warning == "" {
			return nil, fmt.Errorf("preflight: %s answers %s, as no server of this program does", address, response.Status)
		}
		return nil, fmt.Errorf("preflight: %s answers %s: %s", address, response.Status, refusal.Warning)
	}
	answer := &view.Preflighted{}
	if err := json.Unmarshal(body, answer); err != nil {
		return nil, fmt.Errorf("preflight: %s answers with what is no preflight: %w", address, err)
	}
	return answer, nil
}

// tellPreflight prints what an install does not get, or the whole answer, and is an error where there is something.
func (p Program) tellPreflight(answer *view.Preflighted, asJSON bool) error {
	bad := 0
	table := p.Streams.table(0)
	for i := range answer.Packages {
		one := &answer.Packages[i]
		if one.Good() {
			continue
		}
		if bad++; bad == 1 {
			fmt.Fprintln(table, "PACKAGE\tVERSION\tOUTCOME\tWHY")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Name, one.Version, one.Outcome, one.Reason)
	}
	if asJSON {
		if err := printJSON(p.Streams.Out, answer); err != nil {
			return err
		}
	} else {
		if err := table.Flush(); err != nil {
			return err
		}
		s := answer.Summary
		fmt.Fprintf(p.Streams.Err, "%d packages: %d allowed, %d missing, %d not allowed, %d blocked, %d held back; %d stored, %d being fetched.\n",
			s.Packages, s.Allowed, s.Missing, s.NotAllowed, s.Blocked, s.Held, s.Stored, s.Fetching)
	}
	if !answer.OK {
		return fmt.Errorf("preflight: an install would not get %d of %d packages as they should be", bad, len(answer.Packages))
	}
	return nil
}
