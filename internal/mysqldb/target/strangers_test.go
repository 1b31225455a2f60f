package target_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// stranger is a table as people have them: it is refused by name, or arrives as it is.
type stranger struct {
	// name is the table's, and T in the statements, quoted.
	name string
	// cursor may be empty.
	cursor string
	// make are the statements that create and fill it, CREATE TABLE T … first.
	make []string
	// only restricts it to sources of one flavor; empty is both.
	only servers.Flavor
	// since restricts it to some versions; nil is all.
	since func(mysqldb.Server) bool
	// refused is what the plan says where it refuses the table, by the target's flavor.
	refused map[servers.Flavor]string
}

const (
	mysql   = servers.FlavorMySQL
	mariadb = servers.FlavorMariaDB
)

// Each of these loads and is equal, indexes included, or is refused by the plan and by name.
func TestTablesOfStrangersArriveOrAreRefusedByName(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		t.Parallel()
		for _, s := range slices.Concat(applications, oddTypes, oddShapes, oddNames, collated, engines) {
			if s.only != "" && s.only != p.Source.Flavor || s.since != nil && !s.since(p.Src.Server) {
				continue
			}
			t.Run(fmt.Sprintf("%.40s", s.name), func(t *testing.T) {
				q := *p
				q.T, q.Roughly = t, true
				haul(&q, s)
			})
		}
	})
}

// haul makes a stranger's table, plans it as a first load does, and copies it.
func haul(p *dbtest.Pair, s stranger) {
	p.T.Helper()
	p.AtSource(s.statements()...)
	src := dbtest.Introspect(p.T, p.Src, p.From, s.name).Carrying(s.cursor)
	findings, err := source.New(p.Src).Check(p.T.Context(), src, source.CheckSpec{Cursor: s.cursor})
	require.NoError(p.T, err)
	o := target.Options{Create: true, Contract: dbtest.Follows, Cursor: s.cursor, DeferIndexes: table.IndexesAfterLoad}
	plan, err := target.New(p.Dst).Compare(p.T.Context(), p.Src, src, table.Name{Schema: p.To, Table: s.name}, o)
	require.NoError(p.T, err)
	all := dbtest.Refusals(slices.Concat(findings, plan.Findings))
	if text := s.refused[p.Target.Flavor]; text != "" {
		require.NotEmpty(p.T, all)
		require.Contains(p.T, fmt.Sprintf("%+v", all), text)
		require.NotEmpty(p.T, all[0].Remedy)
		return
	}
	require.Empty(p.T, all)
	require.NoError(p.T, target.New(p.Dst).Apply(p.T.Context(), plan), "%s", plan.Statements)
	p.CopyRows(s.name, s.cursor)
	if len(plan.Deferred) > 0 {
		_, err = target.New(p.Dst).AddIndexes(p.T.Context(), plan.Name, plan.Deferred)
		require.NoError(p.T, err, "%+v", plan.Deferred)
	}
	again, err := target.New(p.Dst).Compare(p.T.Context(), p.Src, src, plan.Name, o)
	require.NoError(p.T, err)
	require.Empty(p.T, dbtest.Refusals(again.Findings))
	require.Empty(p.T, again.Statements)
	require.Empty(p.T, again.Deferred)
	gain(p, s, src, o)
}

// gain makes a target with the key's columns only, which gets all others by ALTER TABLE.
func gain(p *dbtest.Pair, s stranger, source *schema.Table, o target.Options) {
	p.T.Helper()
	less := *source
	less.Columns = slices.DeleteFunc(slices.Clone(source.Columns),
		func(c schema.Column) bool { return !slices.Contains(source.PrimaryKey, c.Name) })
	for i := range less.Columns {
		less.Columns[i].Invisible = false // a table has a visible column
	}
	less.Indexes = slices.DeleteFunc(slices.Clone(source.Indexes),
		func(i schema.Index) bool { return i.Name != source.KeyName() })
	p.AtTarget("DROP TABLE " + sqltext.Ident(s.name))
	for _, from := range []*schema.Table{&less, source} {
		plan, err := target.New(p.Dst).Compare(p.T.Context(), p.Src, from, table.Name{Schema: p.To, Table: s.name}, o)
		require.NoError(p.T, err)
		require.Empty(p.T, dbtest.Refusals(plan.Findings))
		require.NoError(p.T, target.New(p.Dst).Apply(p.T.Context(), plan), "%s", plan.Statements)
	}
	p.CopyRows(s.name, s.cursor)
}

// statements are those that make the table.
func (s stranger) statements() []string {
	out := make([]string, len(s.make))
	for i, statement := range s.make {
		out[i] = strings.Replace(statement, "TABLE T ", "TABLE "+sqltext.Ident(s.name)+" ", 1)
	}
	return out
}

const touched = "updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY " +
	"by_update (updated_at)"

// applications are tables in the manner of what well-known applications and frameworks make.
var applications = []stranger{
	{name: "film", cursor: "last_update", make: []string{
		`CREATE TABLE T (film_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT, title VARCHAR(128) NOT NULL, description TEXT,
  release_year YEAR DEFAULT NULL, language_id TINYINT UNSIGNED NOT NULL DEFAULT 1, rental_duration TINYINT UNSIGNED NOT NULL DEFAULT 3, rental_rate DECIMAL(4,2) NOT NULL DEFAULT 4.99,
  length SMALLINT UNSIGNED DEFAULT NULL, rating ENUM('G','PG','PG-13','R','NC-17') DEFAULT 'G', special_features SET('Trailers','Commentaries','Deleted Scenes','Behind the Scenes') DEFAULT NULL,
  last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (film_id), KEY idx_title (title), FULLTEXT KEY words (title, description)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
		"INSERT INTO film (title, description, release_year, length, rating, special_features) VALUES ('ACADEMY " +
			"DINOSAUR', 'A epic', 2006, 86, 'PG', 'Deleted Scenes,Behind the Scenes'), ('ACE', NULL, NULL, " +
			"NULL, NULL, '')",
	}},
	{name: "film_actor", cursor: "last_update", make: []string{
		`CREATE TABLE T (actor_id SMALLINT UNSIGNED NOT NULL, film_id SMALLINT UNSIGNED NOT NULL,
  last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (actor_id, film_id), KEY idx_fk_film_id (film_id)) ENGINE=InnoDB`,
		"INSERT INTO film_actor (actor_id, film_id) VALUES (1,1),(1,2),(2,1)",
	}},
	{name: "address", make: []string{
		`CREATE TABLE T (address_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT, address VARCHAR(50) NOT NULL, location GEOMETRY NOT NULL, PRIMARY KEY (address_id), SPATIAL KEY idx_location (location)) ENGINE=InnoDB`,
		"INSERT INTO address (address, location) VALUES ('47 MySakila', ST_GeomFromText('POINT(-112.8 49.7)')), " +
			"('x', ST_GeomFromText('LINESTRING(0 0, 1 1)'))",
	}},
	{name: "wp_posts", cursor: "post_modified_gmt", make: []string{
		`CREATE TABLE T (ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, post_author BIGINT UNSIGNED NOT NULL DEFAULT 0, post_date DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
  post_modified_gmt DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', post_content LONGTEXT COLLATE utf8mb4_unicode_520_ci NOT NULL, post_title TEXT COLLATE utf8mb4_unicode_520_ci NOT NULL,
  post_status VARCHAR(20) COLLATE utf8mb4_unicode_520_ci NOT NULL DEFAULT 'publish', post_name VARCHAR(200) NOT NULL DEFAULT '', guid VARCHAR(255) NOT NULL DEFAULT '', menu_order INT NOT NULL DEFAULT 0,
  PRIMARY KEY (ID), KEY post_name (post_name(191)), KEY type_status_date (post_status, post_date, ID), KEY post_modified (post_modified_gmt)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci`,
		"INSERT INTO wp_posts (post_date, post_modified_gmt, post_content, post_title, post_name) VALUES " +
			"('2024-01-01', '2024-01-01 00:00:01', 'a:1:{s:3:\"k\";s:4:\"😀\";}', 'Grüße', 'x'), ('0000-00-00', " +
			"'2024-02-30', '', '', '')",
	}},
	{name: "wp_options", make: []string{
		"CREATE TABLE T (option_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, option_name VARCHAR(191) NOT NULL " +
			"DEFAULT '', option_value LONGTEXT NOT NULL, autoload VARCHAR(20) NOT NULL DEFAULT 'yes'," +
			" PRIMARY KEY (option_id), UNIQUE KEY option_name (option_name), KEY autoload (autoload)) " +
			"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci",
		"INSERT INTO wp_options (option_name, option_value) VALUES ('siteurl', 'x'), ('cron', REPEAT('y', 70000))",
	}},
	{name: "sales_order", cursor: "updated_at", make: []string{
		`CREATE TABLE T (entity_id INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'Entity ID', state VARCHAR(32) DEFAULT NULL COMMENT 'State', protect_code VARCHAR(255) DEFAULT NULL,
  base_grand_total DECIMAL(20,4) DEFAULT NULL COMMENT 'Base ''Grand'' Total', weight DECIMAL(12,4) UNSIGNED DEFAULT 0.0000, is_virtual SMALLINT UNSIGNED DEFAULT NULL, store_id SMALLINT UNSIGNED DEFAULT NULL, increment_id VARCHAR(50) DEFAULT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP COMMENT 'Created At', updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (entity_id),
  UNIQUE KEY SALES_ORDER_INCREMENT_ID_STORE_ID (increment_id, store_id), KEY SALES_ORDER_UPDATED_AT (updated_at), FULLTEXT KEY FTI (increment_id, state)) ENGINE=InnoDB AUTO_INCREMENT=100 DEFAULT CHARSET=utf8mb3 COMMENT='Sales Flat Order'`,
		"INSERT INTO sales_order (state, base_grand_total, increment_id, store_id) VALUES ('new', " +
			"99999999999999.9999, '000000001', 1), (NULL, NULL, NULL, NULL), (NULL, NULL, NULL, NULL)",
	}},
	{name: "catalog_product_entity_int", make: []string{"CREATE TABLE T (value_id INT NOT NULL AUTO_INCREMENT, " +
		"attribute_id SMALLINT UNSIGNED NOT NULL DEFAULT 0, store_id SMALLINT UNSIGNED NOT NULL DEFAULT 0, " +
		"entity_id INT UNSIGNED NOT NULL DEFAULT 0, value INT DEFAULT NULL," +
		" PRIMARY KEY (value_id), UNIQUE KEY U (entity_id, attribute_id, store_id), KEY A (attribute_id), KEY S " +
		"(store_id)) ENGINE=InnoDB", "INSERT INTO catalog_product_entity_int (attribute_id, store_id, " +
		"entity_id, value) VALUES (1,1,1,-5),(1,2,1,NULL)"}},
	{name: "auth_user", make: []string{
		`CREATE TABLE T (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, password VARCHAR(128) NOT NULL, last_login DATETIME(6) NULL, is_superuser BOOL NOT NULL, username VARCHAR(150) NOT NULL UNIQUE, date_joined DATETIME(6) NOT NULL)`,
		"INSERT INTO auth_user VALUES (1, 'pbkdf2', NULL, 1, 'root', '2024-01-01 00:00:00.000001'), (2, '', " +
			"'2024-01-01', 0, 'ä', '2024-01-01')",
	}},
	{
		name: "django_session",
		make: []string{
			"CREATE TABLE T (session_key VARCHAR(40) NOT NULL PRIMARY KEY, session_data LONGTEXT NOT NULL, " +
				"expire_date DATETIME(6) NOT NULL, KEY (expire_date))",
			"INSERT INTO django_session VALUES ('k1', 'x', '2024-01-01'), ('K2', 'y', '2024-01-01')",
		},
	},
	{name: "django_uuid", make: []string{
		"CREATE TABLE T (id CHAR(32) NOT NULL PRIMARY KEY, payload JSON NOT NULL, duration BIGINT NOT NULL, ip " +
			"CHAR(39), positive INT UNSIGNED NOT NULL, CONSTRAINT positive_check CHECK (positive >= 0))",
		"INSERT INTO django_uuid VALUES (REPLACE(UUID(), '-', ''), '{\"a\": [1, 2.5, null, \"ü\"]}', -1, '::1', 4)",
	}},
	{name: "users", cursor: "updated_at", make: []string{`CREATE TABLE T (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(255) NOT NULL DEFAULT '', encrypted_password VARCHAR(255) NOT NULL DEFAULT '', settings JSON, admin TINYINT(1) DEFAULT 0, created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL, UNIQUE KEY index_users_on_email (email), KEY index_users_on_updated_at (updated_at)) DEFAULT CHARSET=utf8mb4`, "INSERT INTO users VALUES (1, 'a@b', '', NULL, NULL, '2024-01-01', '2024-01-01 00:00:00.5'), (2, 'c@d', 'x', '[]', 1, '2024-01-01', '2024-01-02')"}},
	{
		name: "schema_migrations",
		make: []string{
			"CREATE TABLE T (version VARCHAR(255) NOT NULL PRIMARY KEY)",
			"INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240102000000')",
		},
	},
	{
		name: "posts_tags", refused: both("no primary key"),
		make: []string{
			"CREATE TABLE T (post_id BIGINT NOT NULL, tag_id BIGINT NOT NULL, KEY (post_id))",
			"INSERT INTO posts_tags VALUES (1,1),(1,1)",
		},
	},
	{name: "jobs", make: []string{`CREATE TABLE T (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, queue VARCHAR(255) NOT NULL, payload LONGTEXT NOT NULL, attempts TINYINT UNSIGNED NOT NULL, reserved_at INT UNSIGNED NULL, available_at INT UNSIGNED NOT NULL, created_at INT UNSIGNED NOT NULL,
  KEY jobs_queue_index (queue)) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`, "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) VALUES ('default', '{\"uuid\":\"x\"}', 255, 4294967295, 1)"}},
	{
		name: "personal_access_tokens", cursor: "updated_at", refused: both("updated_at is NULL in some rows"),
		make: []string{
			"CREATE TABLE T (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, tokenable_type " +
				"VARCHAR(255) NOT NULL, tokenable_id BIGINT UNSIGNED NOT NULL, token VARCHAR(64) NOT NULL UNIQUE," +
				"abilities TEXT NULL, created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL," +
				" KEY tokenable (tokenable_type, tokenable_id)) DEFAULT CHARACTER SET utf8mb4 COLLATE " +
				"utf8mb4_unicode_ci",
			"INSERT INTO personal_access_tokens (tokenable_type, tokenable_id, token) VALUES " +
				"('App\\\\Models\\\\User', 1, 'x')",
		},
	},
	{
		name: "oauth",
		make: []string{
			"CREATE TABLE T (id VARCHAR(100) CHARACTER SET latin1 NOT NULL, scopes TEXT, revoked TINYINT(1) NOT " +
				"NULL, expires_at DATETIME NULL, PRIMARY KEY (id))",
			"INSERT INTO oauth VALUES ('é', NULL, 0, NULL), ('F', '', 1, '9999-12-31 23:59:59')",
		},
	},
}

func both(text string) map[servers.Flavor]string {
	return map[servers.Flavor]string{servers.FlavorMySQL: text, servers.FlavorMariaDB: text}
}
