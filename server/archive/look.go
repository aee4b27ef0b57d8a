package archive

import (
	"context"
	"fmt"
	"io"
	"os"
)

// lookMax is how large a file of a bucket is fetched to look into it, in bytes.
const lookMax = 64 << 20

// Look opens a stored file to look into it. fs.ErrNotExist where there is none; nil for one of a bucket that is too large
// to be fetched for that.
func (s *Store) Look(ctx context.Context, info Info) (*os.File, error) {
	if !validKey(info.SHA256) {
		return nil, fmt.Errorf("%q is not a SHA-256 in hex", info.SHA256)
	}
	if s.bucket == nil {
		return s.read(info)
	}
	if info.Size > lookMax {
		return nil, nil
	}
	if err := s.bucket.ready(); err != nil {
		return nil, err
	}
	body, _, err := s.bucket.objects.Read(ctx, keyOf(info.SHA256))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer body.Close()
	file, err := os.CreateTemp(s.temporary(), "look-*")
	if err != nil {
		return nil, fmt.Errorf("look into an archive: %w", err)
	}
	defer os.Remove(file.Name()) // it stays readable until it is closed
	if _, err := io.Copy(file, io.LimitReader(body, lookMax)); err != nil {
		file.Close()
		return nil, unreachable(ctx, err)
	}
	return file, nil
}
