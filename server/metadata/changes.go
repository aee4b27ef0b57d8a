package metadata

import (
	"errors"
	"strconv"
)

// Changes are what a source says of its changes since some moment.
type Changes struct {
	At    int64    // the moment until which it tells, by its own clock
	All   bool     // all packages are to be read again
	Names []string // of documents: ~dev may follow a package's name
}

// ReadChanges reads {"actions": [{"type": "update", "package": "acme/lib~dev"}, …], "timestamp": 17000000000000}. More
// actions than most are one: all packages.
func ReadChanges(body []byte, most int) (c Changes, err error) {
	body, err = tidy(body)
	if err != nil {
		return c, err
	}
	actions := get(body, "actions")
	c.At, err = strconv.ParseInt(scalar(get(body, "timestamp")), 10, 64)
	if err != nil || c.At <= 0 || !isContainer(actions) {
		return c, errors.New("it does not say what changed, and until when")
	}
	values(actions, func(action []byte) bool {
		switch name := text(get(action, "package")); text(get(action, "type")) {
		case "update", "delete":
			c.Names = append(c.Names, name)
		default: // resync, and what may come
			c.All = true
		}
		c.All = c.All || len(c.Names) > most
		return !c.All
	})
	return c, nil
}
