drop table "outbox";
