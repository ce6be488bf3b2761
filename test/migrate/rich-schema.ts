/** Small migrations that use every kind of object the catalogue model knows. */
export const RICH_FILES = {
  '0000_types.sql': `create type public.mood as enum ('calm', 'busy');
--> statement-breakpoint
create domain public.email as text check (value like '%@%') not null;
--> statement-breakpoint
create type public.pair as (a int, b text);
--> statement-breakpoint
create sequence public.tickets start 5 increment 2;
`,
  '0001_tables.sql': `create table public.users (
  id text primary key,
  email varchar(255) not null,
  mood public.mood not null default 'calm',
  idle interval not null default '7 days',
  born timestamptz not null default now(),
  kind varchar(20) check (kind in ('a', 'b')),
  lower_email text generated always as (lower(email)) stored,
  constraint users_email unique (email)
);
--> statement-breakpoint
create table public.posts (
  id bigint generated always as identity primary key,
  user_id text not null references public.users (id) on update cascade on delete cascade,
  parent bigint,
  body text,
  unique (user_id, id),
  foreign key (user_id, parent) references public.posts (user_id, id) on delete set null (parent)
);
--> statement-breakpoint
create unique index posts_body on public.posts (lower(body), user_id desc nulls last) where body is not null;
--> statement-breakpoint
create table public.events (at date not null, note text) partition by range (at);
--> statement-breakpoint
create table public.events_2026 partition of public.events for values from ('2026-01-01') to ('2027-01-01');
`,
  '0002_functions.sql': `create function gatehouse.me() returns text stable language plpgsql set search_path = '' as $$
begin
  return current_setting('gatehouse.me', true);
end $$;
--> statement-breakpoint
create function public.mine(p_limit int default 10) returns setof bigint stable security definer
  begin atomic select p.id from public.posts p where p.user_id = gatehouse.me() limit p_limit; end;
--> statement-breakpoint
create function public.stamp() returns trigger language plpgsql set search_path = '' as $$ begin return new; end $$;
--> statement-breakpoint
grant execute on function public.mine(int) to gatehouse_member;
`,
  '0003_policies.sql': `alter table public.posts enable row level security;
--> statement-breakpoint
alter table public.posts force row level security;
--> statement-breakpoint
create policy own on public.posts for select to gatehouse_member using (user_id = (select gatehouse.me()));
--> statement-breakpoint
create policy known on public.posts as restrictive for insert to gatehouse_member, gatehouse_admin
  with check (exists (select 1 from public.users u where u.id = posts.user_id and u.mood <> 'busy'));
--> statement-breakpoint
create trigger stamp before update of body on public.posts for each row when (old.body is distinct from new.body)
  execute function public.stamp();
--> statement-breakpoint
create view public.authors with (security_invoker = true) as
  select users.id, users.email, count(*) as posts from public.users join public.posts on posts.user_id = users.id
  group by users.id having count(*) > 0;
--> statement-breakpoint
create view public.calm with (security_invoker = true) as select id, email from public.users where users.mood = 'calm';
--> statement-breakpoint
create rule no_delete as on delete to public.events do instead nothing;
--> statement-breakpoint
grant select (id, body), update (body) on public.posts to gatehouse_member;
--> statement-breakpoint
grant select, insert on public.posts to gatehouse_admin;
`,
};
