package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"broker/ent"
	"broker/ent/addressday"
	"broker/ent/tokennetwork"
	"broker/server/database"
	"broker/server/text"
)

// fromUse is how far it was read from where tokens are used.
const fromUse = "notices_use"

// networksMax is how many networks of a token are remembered: one that is used from more is used from anywhere, and its
// next networks are no news.
const networksMax = 100

// usesMax is how many rows one step reads.
const usesMax = 500

// usePlace is a place among the rows of usage, by their numbers.
type usePlace struct {
	// Rows are read a second time, a turn later: on PostgreSQL one with a lower number may be there later.
	Again, From int64
	Silent      int64 // those up to here were there before anybody looked: nothing is told of them
}

func (p usePlace) String() string {
	encoded, err := json.Marshal(p)
	if err != nil { // numbers always marshal
		panic(err)
	}
	return string(encoded)
}

// lookAtNetworks finds tokens that are used for the first time, and from networks that they were not used from before.
func (s *Service) lookAtNetworks(ctx context.Context) error {
	newest, err := s.newestUse(ctx)
	if err != nil {
		return err
	}
	from, err := s.place(ctx, fromUse, usePlace{Silent: newest}.String())
	if err != nil {
		return err
	}
	var p usePlace
	if err := json.Unmarshal([]byte(from), &p); err != nil {
		return fmt.Errorf("read how far %s was read: %w", fromUse, err)
	}
	if newest == p.From && p.Again == p.From {
		return nil
	}
	turn := p.From // what this turn begins with is read once more by the next one
	for at := p.Again; ; {
		rows, err := s.DB.Client.AddressDay.Query().Where(addressday.IDGT(at)).Order(ent.Asc(addressday.FieldID)).Limit(usesMax).All(ctx)
		if err != nil {
			return fmt.Errorf("read where tokens are used: %w", err)
		}
		next := p
		if len(rows) > 0 {
			at = rows[len(rows)-1].ID
			next.From = max(p.From, at)
		}
		over := len(rows) < usesMax
		if next.Again = min(at, turn); over {
			next.Again = turn
		}
		news, networks, err := s.newNetworks(ctx, rows, p.Silent)
		if err != nil {
			return err
		}
		mine, err := s.step(ctx, fromUse, p.String(), next.String(), news, func(tx *database.Tx) error { return remember(ctx, tx, networks) })
		if err != nil || !mine || over {
			return err
		}
		p = next
	}
}

func (s *Service) newestUse(ctx context.Context) (int64, error) {
	newest, err := s.DB.Client.AddressDay.Query().Order(ent.Desc(addressday.FieldID)).FirstID(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return 0, fmt.Errorf("read where tokens are used: %w", err)
	}
	return newest, nil
}

// used is a token and a network.
type used struct{ token, network string }

// newNetworks are the networks among some rows that are not remembered, and what is to be told of them.
func (s *Service) newNetworks(ctx context.Context, rows []*ent.AddressDay, silent int64) (news []happened, networks []used, err error) {
	known, ids, err := s.known(ctx, rows)
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	tokens, err := s.tokens(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		network := networkOf(row.Address)
		before, t := known[row.TokenID], tokens[row.TokenID]
		if network == "" || t == nil || len(before) >= networksMax || before[network] {
			continue
		}
		first := len(before) == 0
		if first {
			before = map[string]bool{}
			known[row.TokenID] = before
		}
		before[network] = true
		networks = append(networks, used{row.TokenID, network})
		if row.ID > silent {
			news = append(news, usedFrom(t, row, network, first))
		}
	}
	return news, networks, nil
}

// known are the networks that the tokens of some rows are known to be used from, and these tokens.
func (s *Service) known(ctx context.Context, rows []*ent.AddressDay) (known map[string]map[string]bool, ids []string, err error) {
	known = map[string]map[string]bool{}
	for _, row := range rows {
		ids = append(ids, row.TokenID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for some := range slices.Chunk(ids, rowsMax) {
		found, err := s.DB.Client.TokenNetwork.Query().Where(tokennetwork.TokenIDIn(some...)).All(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("read the networks of tokens: %w", err)
		}
		for _, row := range found {
			if known[row.TokenID] == nil {
				known[row.TokenID] = map[string]bool{}
			}
			known[row.TokenID][row.Network] = true
		}
	}
	return known, ids, nil
}

func remember(ctx context.Context, tx *database.Tx, networks []used) error {
	for some := range slices.Chunk(networks, rowsMax) {
		rows := make([]*ent.TokenNetworkCreate, len(some))
		for i, u := range some {
			rows[i] = tx.TokenNetwork.Create().SetTokenID(u.token).SetNetwork(u.network)
		}
		if err := tx.TokenNetwork.CreateBulk(rows...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// networkOf is the network of an address, a /24 or a /48; empty where there is no address.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 24
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = 48
	}
	network, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

func usedFrom(t *ent.Token, row *ent.AddressDay, network string, first bool) happened {
	kind, summary := TokenNewNetwork, fmt.Sprintf("%s is used from a network that it was not used from before: %s.", named(t), row.Address)
	if first {
		kind, summary = TokenFirstUsed, fmt.Sprintf("%s was used for the first time, from %s.", named(t), row.Address)
	}
	h := ofToken(kind, t, "", summary, map[string]any{"address": row.Address, "network": network, "client": text.Line(row.Client, 200)})
	h.at = row.FirstAt.UTC().Truncate(time.Millisecond)
	return h
}
