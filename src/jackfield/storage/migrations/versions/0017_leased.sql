-- While it is `sending`: until then a call of who claimed it may reach the vendor, whatever became of that process.
-- Null: it was claimed before there were leases.
alter table delivery add leased_until timestamptz;
