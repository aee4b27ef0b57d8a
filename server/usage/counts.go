package usage

// column is one of the numbers that are counted, wherever they are.
type column int

const (
	requests column = iota
	documents
	notModified
	downloads
	installs
	bytesSent
	refused // the sum of those below
	refusedLimit
	refusedPackage
	refusedPermission
	refusedNetwork
	refusedEnded
	columnCount
)

// columns are the names of the numbers in the tables.
var columns = [columnCount]string{
	"requests", "metadata", "not_modified", "downloads", "installs", "bytes",
	"refused", "refused_limit", "refused_package", "refused_permission", "refused_network", "refused_ended",
}

// counts are the numbers of one row.
type counts [columnCount]int64

func (c *counts) count(e *Event) {
	c[bytesSent] += e.Bytes
	if e.Kind != Installed {
		c[requests]++
	}
	switch e.Kind {
	case Metadata:
		c[documents]++
	case NotModified:
		c[notModified]++
	case Downloaded:
		c[downloads]++
	case Installed:
		c[installs]++
	case Refused:
		c[refused]++
		c[refusedFor(e.Reason)]++
	}
}

func refusedFor(r Reason) column {
	switch r {
	case ByLimit:
		return refusedLimit
	case ByPackage:
		return refusedPackage
	case ByNetwork:
		return refusedNetwork
	case Ended:
		return refusedEnded
	default:
		return refusedPermission
	}
}

func (c *counts) plus(o *counts) {
	for i := range c {
		c[i] += o[i]
	}
}
