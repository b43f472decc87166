INSERT INTO note (name, value)
VALUES ('tx/314/0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/00000000000000000007', '{"purpose":"close"}');
