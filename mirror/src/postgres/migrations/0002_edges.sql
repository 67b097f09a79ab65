-- Uses follow what is visible: they are derived from all files together, and change in files that did not.

-- a hash of the document's edges; null where none were written yet
ALTER TABLE cogo.documents ADD COLUMN edges_digest bytea;
-- the generation that the edges are of
ALTER TABLE cogo.repositories ADD COLUMN edges_generation bigint;

-- line of the use
ALTER TABLE cogo.edges ADD COLUMN line int NOT NULL;
CREATE INDEX edges_target ON cogo.edges (repository_id, target_path, target_symbol);
