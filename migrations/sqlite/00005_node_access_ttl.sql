-- +goose Up
ALTER TABLE nodes ADD COLUMN access_ttl INTEGER NOT NULL DEFAULT 0; -- microseconds that its access tokens live

-- +goose Down
ALTER TABLE nodes DROP COLUMN access_ttl;
