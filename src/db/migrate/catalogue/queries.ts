/** One kind of object, and how to read it from the system catalogues of PostgreSQL 15 to 18. */
export interface CatalogueQuery {
  readonly kind: string;
  /** Rows: `key` (unique in its kind), `part_of` (the table it belongs to, or null), `definition`. */
  readonly query: string;
}

const OWNER = (column: string): string =>
  `case when pg_get_userbyid(${column}) = current_user then '' else ' owner ' || pg_get_userbyid(${column}) end`;

const OURS = `n.nspname in ('public', 'gatehouse')`;

const NOT_OF_EXTENSION = (catalogue: string, oid: string): string =>
  `not exists (select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

const RELATION = `pg_class c join pg_namespace n on n.oid = c.relnamespace
  and ${OURS} and ${NOT_OF_EXTENSION('pg_class', 'c.oid')}`;

/** Grants to others than the owner, one row per grantee. MAINTAIN exists from 17 on only. */
const GRANTS = (acl: string, owner: string): string =>
  `(select coalesce(g.rolname, 'public') as grantee,
      string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ',' order by a.privilege_type) as privileges
    from aclexplode(${acl}) a left join pg_roles g on g.oid = a.grantee
    where a.grantee <> ${owner} and a.privilege_type <> 'MAINTAIN' group by 1)`;

/** In the order in which a person wants to read differences. */
export const catalogueQueries: readonly CatalogueQuery[] = [
  {
    kind: 'extension',
    query: `select extname::text as key, null::text as part_of, '' as definition from pg_extension`,
  },
  {
    kind: 'schema',
    query: `select n.nspname::text as key, null::text as part_of, 'schema' || ${OWNER('n.nspowner')} || coalesce((
        select string_agg(format(' %s:%s', g.grantee, g.privileges), '' order by g.grantee)
        from ${GRANTS('n.nspacl', 'n.nspowner')} g), '') as definition
      from pg_namespace n where n.nspname = 'gatehouse'`,
  },
  {
    kind: 'default privileges',
    query: `select 'functions' as key, null::text as part_of, case when exists (select from pg_default_acl d
        where d.defaclrole = (select oid from pg_roles where rolname = current_user) and d.defaclnamespace = 0
          and d.defaclobjtype = 'f' and not exists (select from aclexplode(d.defaclacl) a where a.grantee = 0))
        then 'not executable by PUBLIC' else 'executable by PUBLIC' end as definition`,
  },
  {
    kind: 'type',
    query: `select n.nspname || '.' || t.typname as key, null::text as part_of, case t.typtype
        when 'e' then 'enum ' || (select string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder)
          from pg_enum e where e.enumtypid = t.oid)
        when 'd' then concat_ws(' ', 'domain', format_type(t.typbasetype, t.typtypmod),
          case when t.typnotnull then 'not null' end, t.typdefault, (select string_agg(pg_get_constraintdef(k.oid), ' '
            order by k.conname) from pg_constraint k where k.contypid = t.oid and k.contype = 'c'))
        else 'composite ' || (select string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ','
          order by a.attnum) from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
        end || ${OWNER('t.typowner')} as definition
      from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
      where ${OURS} and ${NOT_OF_EXTENSION('pg_type', 't.oid')} and (t.typtype in ('e', 'd') or c.relkind = 'c')`,
  },
  {
    kind: 'sequence',
    query: `select n.nspname || '.' || c.relname as key, null::text as part_of, format('%s start %s by %s from %s to %s%s',
        format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
        case when s.seqcycle then ' cycle' else '' end) || ${OWNER('c.relowner')} as definition
      from ${RELATION} join pg_sequence s on s.seqrelid = c.oid`,
  },
  {
    kind: 'table',
    query: `select n.nspname || '.' || c.relname as key, n.nspname || '.' || c.relname as part_of,
        concat_ws(' ', case c.relpersistence when 'u' then 'unlogged' end,
          case c.relkind when 'p' then 'partitioned ' || pg_get_partkeydef(c.oid) else 'table' end,
          case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
          case when c.relrowsecurity then 'row level security' else 'NO row level security' end,
          case when c.relforcerowsecurity then 'forced' end, array_to_string(c.reloptions, ',')) || ${OWNER('c.relowner')} as definition
      from ${RELATION} where c.relkind in ('r', 'p')`,
  },
  {
    kind: 'column',
    query: `select n.nspname || '.' || c.relname || '.' || a.attname as key, n.nspname || '.' || c.relname as part_of,
        concat_ws(' ', format_type(a.atttypid, a.atttypmod),
          case when a.attcollation <> t.typcollation then 'collate ' || a.attcollation::regcollation end,
          case when a.attnotnull then 'not null' end, case a.attidentity when 'a' then 'generated always as identity'
            when 'd' then 'generated by default as identity' end,
          case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
          'default ' || pg_get_expr(e.adbin, e.adrelid)) as definition
      from ${RELATION} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
      left join pg_attrdef e on e.adrelid = c.oid and e.adnum = a.attnum
      where c.relkind in ('r', 'p')`,
  },
  {
    // NOT NULL is a constraint from 18 on; the column says it everywhere.
    kind: 'constraint',
    query: `select n.nspname || '.' || c.relname || '.' || k.conname as key, n.nspname || '.' || c.relname as part_of,
        pg_get_constraintdef(k.oid) as definition
      from ${RELATION} join pg_constraint k on k.conrelid = c.oid and k.contype in ('c', 'f', 'p', 'u', 'x')`,
  },
  {
    kind: 'index',
    query: `select n.nspname || '.' || i.relname as key, n.nspname || '.' || c.relname as part_of,
        pg_get_indexdef(i.oid) || case when x.indisvalid then '' else ' INVALID' end as definition
      from ${RELATION} join pg_index x on x.indrelid = c.oid join pg_class i on i.oid = x.indexrelid`,
  },
  {
    kind: 'policy',
    query: `select n.nspname || '.' || c.relname || '.' || p.polname as key, n.nspname || '.' || c.relname as part_of,
        concat_ws(' ', case when p.polpermissive then 'permissive' else 'restrictive' end, 'for', p.polcmd::text, 'to',
          (select string_agg(coalesce(g.rolname, 'public'), ',' order by g.rolname) from unnest(p.polroles) r (oid)
            left join pg_roles g on g.oid = r.oid),
          'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid)) as definition
      from ${RELATION} join pg_policy p on p.polrelid = c.oid`,
  },
  {
    kind: 'grant',
    query: `select n.nspname || '.' || c.relname || ' to ' || g.grantee as key, n.nspname || '.' || c.relname as part_of,
        g.privileges as definition
      from ${RELATION} cross join lateral ${GRANTS('c.relacl', 'c.relowner')} g where c.relkind in ('r', 'p', 'v', 'm', 'S')`,
  },
  {
    kind: 'column grant',
    query: `select n.nspname || '.' || c.relname || '.' || a.attname || ' to ' || g.grantee as key,
        n.nspname || '.' || c.relname as part_of, g.privileges as definition
      from ${RELATION} join pg_attribute a on a.attrelid = c.oid and a.attacl is not null and not a.attisdropped
      cross join lateral ${GRANTS('a.attacl', 'c.relowner')} g`,
  },
  {
    kind: 'trigger',
    query: `select n.nspname || '.' || c.relname || '.' || t.tgname as key, n.nspname || '.' || c.relname as part_of,
        pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' else ' enabled ' || t.tgenabled::text end as definition
      from ${RELATION} join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal`,
  },
  {
    kind: 'rule',
    query: `select n.nspname || '.' || c.relname || '.' || r.rulename as key, n.nspname || '.' || c.relname as part_of,
        pg_get_ruledef(r.oid) as definition
      from ${RELATION} join pg_rewrite r on r.ev_class = c.oid and r.rulename <> '_RETURN'`,
  },
  {
    kind: 'view',
    query: `select n.nspname || '.' || c.relname as key, n.nspname || '.' || c.relname as part_of,
        concat_ws(' ', case c.relkind when 'm' then 'materialized' end, array_to_string(c.reloptions, ','),
          pg_get_viewdef(c.oid)) || ${OWNER('c.relowner')} as definition
      from ${RELATION} where c.relkind in ('v', 'm')`,
  },
  {
    kind: 'function',
    query: `select n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as key,
        null::text as part_of, concat_ws(' ', p.prokind::text, '(' || pg_get_function_arguments(p.oid) || ')',
          'returns ' || pg_get_function_result(p.oid), l.lanname, 'volatility ' || p.provolatile::text,
          case when p.prosecdef then 'security definer' else 'security invoker' end,
          case when p.proisstrict then 'strict' end, case when p.proleakproof then 'leakproof' end, 'parallel ' || p.proparallel::text,
          array_to_string(p.proconfig, ','), 'as ' || replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), E'\\r', ''))
          || ${OWNER('p.proowner')} as definition
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
      where ${OURS} and ${NOT_OF_EXTENSION('pg_proc', 'p.oid')}`,
  },
  {
    kind: 'function grant',
    query: `select n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') to ' || g.grantee as key,
        n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as part_of, g.privileges as definition
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      cross join lateral ${GRANTS(`coalesce(p.proacl, acldefault('f', p.proowner))`, 'p.proowner')} g
      where ${OURS} and ${NOT_OF_EXTENSION('pg_proc', 'p.oid')}`,
  },
];
