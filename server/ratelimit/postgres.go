package ratelimit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/lib/pq"
)

// poolSize is how many connections there are in the pool of this counter. It has its own, so that a request for packages that waits for
// the database's does not look like a counter that does not answer.
const poolSize = 8

// readFor is how long a connection waits for an answer, so that one to a server that is silent is given up.
const readFor = 2 * time.Second

// tablesLock is the key of the advisory lock under which the tables are made: "limits" in ASCII.
const tablesLock = 0x6c696d697473

// Two tables of this store's own, beside the migrated ones. They are UNLOGGED: counting then writes no WAL and waits for
// no disk, and what a crash of PostgreSQL empties, the instances heal from their memory, which is written to
// rate_windows every few seconds. A migrated table would have to be logged, as it is made for SQLite as well. Half of
// each page stays free, so that an update of a row needs no change to the index.
const createTables = `
CREATE UNLOGGED TABLE IF NOT EXISTS rate_counts (
	id text PRIMARY KEY, number bigint NOT NULL, current bigint NOT NULL, previous bigint NOT NULL,
	at bigint NOT NULL, granted bigint NOT NULL
) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE IF NOT EXISTS rate_instances (id text PRIMARY KEY, seen timestamptz NOT NULL)`

// clock is what the database calls now. Unlike now(), it is not of the start of a transaction.
const clock = `extract(epoch FROM clock_timestamp())::bigint`

// decide has the rules of window.go, for a stored window: $2 is the limit, $3 and $4 the least and the most to grant, $5
// to $7 the window that the instance knows, $8 to $10 the one it admitted by itself.
const decide = `SELECT number, current + granted, previous, at, granted
FROM (
	SELECT number, current, previous, at, CASE WHEN room > 0 AND room >= $3::bigint THEN least(room, $4::bigint) ELSE 0 END AS granted
	FROM (
		SELECT number, current, previous, at,
			$2::bigint - current - (previous * (3600 - least(greatest(at - number * 3600, 0), 3599)) + 3599) / 3600 AS room
		FROM (
			SELECT number, at,
				greatest(CASE WHEN w >= number THEN c ELSE 0 END, CASE WHEN $5::bigint >= number THEN $6::bigint ELSE 0 END)
					+ CASE WHEN $8::bigint >= number THEN $9::bigint ELSE 0 END AS current,
				greatest(CASE WHEN w >= number THEN p WHEN w = number - 1 THEN c ELSE 0 END,
					CASE WHEN $5 >= number THEN $7::bigint WHEN $5 = number - 1 THEN $6 ELSE 0 END)
					+ CASE WHEN $8 >= number THEN $10::bigint WHEN $8 = number - 1 THEN $9 ELSE 0 END AS previous
			FROM (SELECT greatest(at / 3600, w) AS number, at, w, c, p FROM (SELECT {clock} AS at, {stored}) AS now) AS hour
		) AS seen
	) AS left_over
) AS decision`

// takeSQL decides and counts. granted and at are columns because RETURNING tells only what was stored; a refusal is
// stored as well, so that what is told of it is of the instant it was decided in.
const takeSQL = `INSERT INTO rate_counts AS r (id, number, current, previous, at, granted)
SELECT $1::text, fresh.* FROM ({decide fresh}) AS fresh
ON CONFLICT (id) DO UPDATE SET (number, current, previous, at, granted) = ({decide stored})
RETURNING number, current, previous, at, granted`

// askSQL decides and changes nothing.
const askSQL = `SELECT decided.* FROM (SELECT $1::text AS id) AS asked LEFT JOIN rate_counts AS r ON r.id = asked.id
CROSS JOIN LATERAL ({decide joined}) AS decided`

// presentSQL notes that an instance lives and counts the others.
const presentSQL = `WITH here AS (
	INSERT INTO rate_instances (id, seen) VALUES ($1, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET seen = excluded.seen
), gone AS (
	DELETE FROM rate_instances WHERE id <> $1 AND seen < clock_timestamp() - make_interval(secs => $2)
) SELECT 1 + count(*) FROM rate_instances WHERE id <> $1 AND seen >= clock_timestamp() - make_interval(secs => $2)`

// sweepSQL drops some of what was last counted before the hour before this one.
const sweepSQL = `DELETE FROM rate_counts WHERE id IN (
	SELECT id FROM rate_counts WHERE number < extract(epoch FROM clock_timestamp())::bigint / 3600 - 1 LIMIT 10000)`

// statement completes one of the statements above.
func statement(text, clock string) string {
	rules := strings.ReplaceAll(decide, "{clock}", clock)
	return strings.NewReplacer(
		"{decide fresh}", strings.ReplaceAll(rules, "{stored}", "0::bigint AS w, 0::bigint AS c, 0::bigint AS p"),
		"{decide stored}", strings.ReplaceAll(rules, "{stored}", "r.number AS w, r.current AS c, r.previous AS p"),
		"{decide joined}", strings.ReplaceAll(rules, "{stored}", "coalesce(r.number, 0) AS w, coalesce(r.current, 0) AS c, coalesce(r.previous, 0) AS p"),
	).Replace(text)
}

// postgresCounter counts in PostgreSQL, by its clock, with one statement a request.
type postgresCounter struct {
	db        *sql.DB
	takes     *sql.Stmt
	asks      *sql.Stmt
	instances *sql.Stmt
}

var _ counter = (*postgresCounter)(nil)

// NewPostgres returns a store that counts in the PostgreSQL of a URL; it makes the tables it needs. local decides while
// it cannot be reached.
func NewPostgres(ctx context.Context, url string, local *Memory, log *slog.Logger) (*Shared, error) {
	c, err := newPostgresCounter(ctx, url, clock)
	if err != nil {
		return nil, err
	}
	return newShared("PostgreSQL", c, postgresWithin, local, log).begin(ctx), nil
}

func newPostgresCounter(ctx context.Context, url, clock string) (*postgresCounter, error) {
	connector, err := pq.NewConnector(url)
	if err != nil {
		return nil, errors.New("the database URL cannot be read") // the cause would show the password
	}
	connector.Dialer(dialer{})
	c := &postgresCounter{db: sql.OpenDB(connector)}
	c.db.SetMaxOpenConns(poolSize)
	c.db.SetMaxIdleConns(poolSize)
	if err := c.prepare(ctx, clock); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *postgresCounter) prepare(ctx context.Context, clock string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := c.makeTables(ctx); err != nil {
		return fmt.Errorf("make the rate limits' tables: %w", err)
	}
	for text, prepared := range map[string]**sql.Stmt{statement(takeSQL, clock): &c.takes, statement(askSQL, clock): &c.asks, presentSQL: &c.instances} {
		if *prepared, err = c.db.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("prepare to count in postgres: %w", err)
		}
	}
	return c.connect(ctx)
}

// makeTables makes the tables under a lock: of several instances that start at once, IF NOT EXISTS alone lets some fail.
func (c *postgresCounter) makeTables(ctx context.Context) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after the commit it changes nothing
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(tablesLock)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, createTables); err != nil {
		return err
	}
	return tx.Commit()
}

func (c *postgresCounter) take(ctx context.Context, key string, q question) (answer, error) {
	statement := c.takes
	if q.most == 0 && q.own.empty() {
		statement = c.asks
	}
	return ask(ctx, statement, key, q)
}

// width leaves a connection for keeping in touch.
func (*postgresCounter) width() int { return poolSize - 1 }

func ask(ctx context.Context, statement *sql.Stmt, key string, q question) (answer, error) {
	var said answer
	err := statement.QueryRowContext(ctx, key, q.limit, q.least, q.most, q.known.number, q.known.current, q.known.previous,
		q.own.number, q.own.current, q.own.previous).
		Scan(&said.number, &said.current, &said.previous, &said.unix, &said.granted)
	if err != nil {
		return answer{}, fmt.Errorf("ask postgres: %w", err)
	}
	return said, nil
}

func (c *postgresCounter) present(ctx context.Context, instance string) (n int, err error) {
	if err := c.instances.QueryRowContext(ctx, instance, presentFor.Seconds()).Scan(&n); err != nil {
		return 0, fmt.Errorf("greet postgres: %w", err)
	}
	return n, nil
}

// connect takes every connection of the pool, which makes those that are missing and drops those that are broken, and has
// each know the statements.
func (c *postgresCounter) connect(ctx context.Context) error {
	for range poolSize {
		conn, err := c.db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("connect to postgres: %w", err)
		}
		defer conn.Close() // gives it back, once all are taken
		if err := c.rehearse(ctx, conn); err != nil {
			return fmt.Errorf("connect to postgres: %w", err)
		}
	}
	return nil
}

// rehearse runs the statements on a connection, and takes back what that counts: the first time is the slow one.
func (c *postgresCounter) rehearse(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // an error says that the connection is gone, and the next request drops it
	for _, statement := range []*sql.Stmt{c.takes, c.asks} {
		if _, err := ask(ctx, tx.StmtContext(ctx, statement), rand.Text(), question{limit: 1, least: 1, most: 1}); err != nil {
			return err
		}
	}
	return nil
}

func (c *postgresCounter) sweep(ctx context.Context) error {
	if _, err := c.db.ExecContext(ctx, sweepSQL); err != nil {
		return fmt.Errorf("sweep postgres: %w", err)
	}
	return nil
}

func (c *postgresCounter) close() error { return c.db.Close() }

// dialer makes connections that do not wait for a silent server without end.
type dialer struct{ net.Dialer }

// DialTimeout implements pq.Dialer.
func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	d.Timeout = timeout
	return d.Dial(network, address)
}

// Dial implements pq.Dialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext implements pq.DialerContext.
func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return impatient{conn}, nil
}

// impatient bounds each read. lib/pq reads only where an answer is due.
type impatient struct{ net.Conn }

// Read implements net.Conn.
func (c impatient) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(readFor)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}
