-- What the migrations of this folder make together; never run. Written anew by
-- UPDATE_GOLDEN=1 npm run --silent jest -- golden

CREATE TABLE applications (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  name text NOT NULL,
  description text,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE TABLE backfill_chunks (
  table_name text NOT NULL,
  from_at timestamp with time zone NOT NULL,
  to_at timestamp with time zone NOT NULL,
  expired boolean NOT NULL,
  rows_planned bigint NOT NULL,
  rows_copied bigint,
  rows_rejected bigint,
  finished_at timestamp with time zone
);
CREATE TABLE backfill_rejections (
  table_name text NOT NULL,
  id uuid NOT NULL,
  row_at timestamp with time zone NOT NULL,
  reason text NOT NULL
);
CREATE TABLE backfill_tables (
  table_name text NOT NULL,
  watermark timestamp with time zone NOT NULL,
  retention_from timestamp with time zone NOT NULL,
  started_at timestamp with time zone,
  finished_at timestamp with time zone
);
CREATE TABLE delivery_attempts (
  id uuid NOT NULL,
  event_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  user_id uuid,
  attempt_number integer NOT NULL DEFAULT 1,
  status text NOT NULL DEFAULT 'pending'::text,
  http_status_code integer,
  response_time_ms bigint,
  error_message text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE TABLE endpoints (
  id uuid NOT NULL,
  application_id uuid NOT NULL,
  name text NOT NULL,
  url text NOT NULL,
  chain_ids bigint[] NOT NULL DEFAULT '{}'::bigint[],
  contract_addresses text[] NOT NULL DEFAULT '{}'::text[],
  event_topics text[] NOT NULL DEFAULT '{}'::text[],
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE TABLE ethhook_schema_migrations (
  number integer NOT NULL,
  name text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE TABLE events (
  id uuid NOT NULL,
  chain_id bigint NOT NULL DEFAULT 1,
  block_number bigint NOT NULL DEFAULT 0,
  block_hash text NOT NULL DEFAULT '0x0000000000000000000000000000000000000000000000000000000000000000'::text,
  transaction_hash text NOT NULL DEFAULT '0x0000000000000000000000000000000000000000000000000000000000000000'::text,
  transaction_index bigint NOT NULL DEFAULT 0,
  log_index bigint NOT NULL DEFAULT 0,
  address text NOT NULL DEFAULT '0x0000000000000000000000000000000000000000'::text,
  topic0 text,
  topic1 text,
  topic2 text,
  topic3 text,
  data text NOT NULL DEFAULT '0x'::text,
  ingested_at timestamp with time zone NOT NULL DEFAULT now(),
  created_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE TABLE migration_phase (
  singleton boolean NOT NULL DEFAULT true,
  phase text NOT NULL,
  since timestamp with time zone NOT NULL DEFAULT now()
);
CREATE TABLE migration_phase_history (
  id bigint NOT NULL,
  from_phase text NOT NULL,
  to_phase text NOT NULL,
  taken_at timestamp with time zone NOT NULL DEFAULT now(),
  taken_by text NOT NULL,
  reason text NOT NULL,
  forced boolean NOT NULL
);
CREATE TABLE users (
  id uuid NOT NULL,
  email text NOT NULL,
  name text,
  is_admin boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE TABLE verifications (
  id bigint NOT NULL,
  began_at timestamp with time zone NOT NULL,
  finished_at timestamp with time zone NOT NULL DEFAULT now(),
  complete boolean NOT NULL,
  compared_rows bigint NOT NULL,
  differences bigint NOT NULL
);

ALTER TABLE applications ADD CONSTRAINT applications_pkey PRIMARY KEY (id);
ALTER TABLE applications ADD CONSTRAINT applications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
ALTER TABLE backfill_chunks ADD CONSTRAINT backfill_chunks_pkey PRIMARY KEY (table_name, from_at);
ALTER TABLE backfill_chunks ADD CONSTRAINT backfill_chunks_table_name_fkey FOREIGN KEY (table_name) REFERENCES backfill_tables(table_name) ON DELETE CASCADE;
ALTER TABLE backfill_rejections ADD CONSTRAINT backfill_rejections_pkey PRIMARY KEY (table_name, id);
ALTER TABLE backfill_rejections ADD CONSTRAINT backfill_rejections_table_name_fkey FOREIGN KEY (table_name) REFERENCES backfill_tables(table_name) ON DELETE CASCADE;
ALTER TABLE backfill_tables ADD CONSTRAINT backfill_tables_pkey PRIMARY KEY (table_name);
ALTER TABLE backfill_tables ADD CONSTRAINT backfill_tables_table_name_check CHECK ((table_name = ANY (ARRAY['events'::text, 'delivery_attempts'::text])));
ALTER TABLE delivery_attempts ADD CONSTRAINT delivery_attempts_pkey PRIMARY KEY (id);
ALTER TABLE endpoints ADD CONSTRAINT endpoints_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;
ALTER TABLE endpoints ADD CONSTRAINT endpoints_pkey PRIMARY KEY (id);
ALTER TABLE ethhook_schema_migrations ADD CONSTRAINT ethhook_schema_migrations_pkey PRIMARY KEY (number);
ALTER TABLE events ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE migration_phase ADD CONSTRAINT migration_phase_phase_check CHECK ((phase = ANY (ARRAY['postgres'::text, 'dual_write'::text, 'cutover'::text, 'complete'::text])));
ALTER TABLE migration_phase ADD CONSTRAINT migration_phase_pkey PRIMARY KEY (singleton);
ALTER TABLE migration_phase ADD CONSTRAINT migration_phase_singleton_check CHECK (singleton);
ALTER TABLE migration_phase_history ADD CONSTRAINT migration_phase_history_pkey PRIMARY KEY (id);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE verifications ADD CONSTRAINT verifications_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX applications_pkey ON public.applications USING btree (id);
CREATE INDEX applications_user_id ON public.applications USING btree (user_id);
CREATE UNIQUE INDEX backfill_chunks_pkey ON public.backfill_chunks USING btree (table_name, from_at);
CREATE UNIQUE INDEX backfill_rejections_pkey ON public.backfill_rejections USING btree (table_name, id);
CREATE UNIQUE INDEX backfill_tables_pkey ON public.backfill_tables USING btree (table_name);
CREATE INDEX delivery_attempts_created_at_brin ON public.delivery_attempts USING brin (created_at) WITH (pages_per_range='32', autosummarize='on');
CREATE INDEX delivery_attempts_endpoint_id_without_user ON public.delivery_attempts USING btree (endpoint_id, created_at DESC) WHERE (user_id IS NULL);
CREATE INDEX delivery_attempts_event_id ON public.delivery_attempts USING btree (event_id);
CREATE UNIQUE INDEX delivery_attempts_pkey ON public.delivery_attempts USING btree (id);
CREATE INDEX delivery_attempts_user_id_created_at ON public.delivery_attempts USING btree (user_id, created_at DESC);
CREATE INDEX endpoints_application_id ON public.endpoints USING btree (application_id);
CREATE UNIQUE INDEX endpoints_pkey ON public.endpoints USING btree (id);
CREATE UNIQUE INDEX ethhook_schema_migrations_pkey ON public.ethhook_schema_migrations USING btree (number);
CREATE INDEX events_ingested_at_brin ON public.events USING brin (ingested_at) WITH (pages_per_range='32', autosummarize='on');
CREATE UNIQUE INDEX events_pkey ON public.events USING btree (id);
CREATE INDEX events_transaction_hash ON public.events USING btree (lower(transaction_hash));
CREATE UNIQUE INDEX migration_phase_pkey ON public.migration_phase USING btree (singleton);
CREATE UNIQUE INDEX migration_phase_history_pkey ON public.migration_phase_history USING btree (id);
CREATE UNIQUE INDEX users_email_key ON public.users USING btree (email);
CREATE UNIQUE INDEX users_pkey ON public.users USING btree (id);
CREATE UNIQUE INDEX verifications_pkey ON public.verifications USING btree (id);
