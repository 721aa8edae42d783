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
CREATE TABLE users (
  id uuid NOT NULL,
  email text NOT NULL,
  name text,
  is_admin boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now()
);

ALTER TABLE applications ADD CONSTRAINT applications_pkey PRIMARY KEY (id);
ALTER TABLE applications ADD CONSTRAINT applications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
ALTER TABLE delivery_attempts ADD CONSTRAINT delivery_attempts_pkey PRIMARY KEY (id);
ALTER TABLE endpoints ADD CONSTRAINT endpoints_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;
ALTER TABLE endpoints ADD CONSTRAINT endpoints_pkey PRIMARY KEY (id);
ALTER TABLE ethhook_schema_migrations ADD CONSTRAINT ethhook_schema_migrations_pkey PRIMARY KEY (number);
ALTER TABLE events ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE migration_phase ADD CONSTRAINT migration_phase_phase_check CHECK ((phase = ANY (ARRAY['postgres'::text, 'dual_write'::text, 'cutover'::text, 'complete'::text])));
ALTER TABLE migration_phase ADD CONSTRAINT migration_phase_pkey PRIMARY KEY (singleton);
ALTER TABLE migration_phase ADD CONSTRAINT migration_phase_singleton_check CHECK (singleton);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX applications_pkey ON public.applications USING btree (id);
CREATE INDEX applications_user_id ON public.applications USING btree (user_id);
CREATE INDEX delivery_attempts_endpoint_id_without_user ON public.delivery_attempts USING btree (endpoint_id, created_at DESC) WHERE (user_id IS NULL);
CREATE INDEX delivery_attempts_event_id ON public.delivery_attempts USING btree (event_id);
CREATE UNIQUE INDEX delivery_attempts_pkey ON public.delivery_attempts USING btree (id);
CREATE INDEX delivery_attempts_user_id_created_at ON public.delivery_attempts USING btree (user_id, created_at DESC);
CREATE INDEX endpoints_application_id ON public.endpoints USING btree (application_id);
CREATE UNIQUE INDEX endpoints_pkey ON public.endpoints USING btree (id);
CREATE UNIQUE INDEX ethhook_schema_migrations_pkey ON public.ethhook_schema_migrations USING btree (number);
CREATE UNIQUE INDEX events_pkey ON public.events USING btree (id);
CREATE UNIQUE INDEX migration_phase_pkey ON public.migration_phase USING btree (singleton);
CREATE UNIQUE INDEX users_email_key ON public.users USING btree (email);
CREATE UNIQUE INDEX users_pkey ON public.users USING btree (id);
