package https

import (
	"context"
	"log/slog"

	"go.uber.org/zap/zapcore"
)

// bridge writes what certmagic logs, with zap, to the server's log. Its chatter is for debugging.
type bridge struct {
	log *slog.Logger
}

var _ zapcore.Core = (*bridge)(nil)

func levelOf(level zapcore.Level) slog.Level {
	switch {
	case level >= zapcore.ErrorLevel:
		return slog.LevelError
	case level == zapcore.WarnLevel:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// Enabled implements zapcore.Core.
func (b *bridge) Enabled(level zapcore.Level) bool {
	return b.log.Enabled(context.Background(), levelOf(level))
}

// With implements zapcore.Core.
func (b *bridge) With(fields []zapcore.Field) zapcore.Core {
	return &bridge{slog.New(b.log.Handler().WithAttrs(attrs(fields)))}
}

// Check implements zapcore.Core.
func (b *bridge) Check(entry zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if b.Enabled(entry.Level) {
		return to.AddCore(entry, b)
	}
	return to
}

// Write implements zapcore.Core.
func (b *bridge) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	b.log.LogAttrs(context.Background(), levelOf(entry.Level), "certificates: "+entry.Message, attrs(fields)...)
	return nil
}

// Sync implements zapcore.Core.
func (*bridge) Sync() error { return nil }

func attrs(fields []zapcore.Field) []slog.Attr {
	encoded := zapcore.NewMapObjectEncoder()
	for _, field := range fields {
		field.AddTo(encoded)
	}
	var all []slog.Attr
	for _, field := range fields {
		if value, ok := encoded.Fields[field.Key]; ok {
			all = append(all, slog.Any(field.Key, value))
		}
	}
	return all
}
