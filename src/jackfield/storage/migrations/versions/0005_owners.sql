-- the organisations contract names an integration by its id alone, and its refusal depends on whose it is
create index integration_id on integration using hash (id);
