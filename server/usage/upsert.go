package usage

import (
	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/downloadday"
	"broker/ent/usagehour"
)

// addHour adds the counts that could not be inserted to the row that is there.
func addHour(u *ent.UsageHourUpsert) {
	add(u.UpdateSet, usagehour.Table, usagehour.FieldRequests, usagehour.FieldNotModified, usagehour.FieldDownloads,
		usagehour.FieldInstalls, usagehour.FieldBytes, usagehour.FieldRefused)
}

// addDay is addHour for a version's day.
func addDay(u *ent.DownloadDayUpsert) {
	add(u.UpdateSet, downloadday.Table, downloadday.FieldDownloads, downloadday.FieldInstalls, downloadday.FieldBytes)
}

func add(u *sql.UpdateSet, table string, columns ...string) {
	for _, column := range columns {
		u.Set(column, sql.ExprFunc(func(b *sql.Builder) {
			b.Ident(table).WriteByte('.').Ident(column).WriteString(" + ").Ident("excluded").WriteByte('.').Ident(column)
		}))
	}
}
