package scan_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

var (
	firstNames = strings.Fields(
		`Anna Ben Clara David Elif Émile Fatma Günter Hélène İbrahim Jürgen Karin Łukasz Maria Noël
		Óscar Petra Qing Rosa Søren Tomáš Ursula Vàng Wim Xavier Yusuf Zoë Ágnes Åsa Öznur Šárka Çağla
		Ñusta john mary james linda robert susan`,
	)
	lastNames = strings.Fields(
		`Müller Schmidt Özdemir Yılmaz Dvořák Novák Smith smythe O'Brien García Muñoz Núñez López Nguyễn
		Trần Åkesson Öberg Ångström Äijälä Kowalski Łoś Żak van-Dijk de-Vries MacDonald Mcdonald Brown
		Jones Williams Taylor Wilson Martin Martinez Sánchez Fernández Rossi Bianchi Ferrari D'Angelo
		Petrović Đorđević Čapek Šimić Szabó Tóth Nagy Kovács Horváth Ionescu Popescu Ștefan Çelik Şahin
		Demir Kaya Li Wang Zhang Chen Kim Park Lee Singh Patel Kumar`,
	)
	russianNames = strings.Fields(
		`Иванов Кузнецов Васильев Соколов Новиков Морозов Алексеев Семёнов Павлов Степанов Орлов Макаров
		Захаров Соловьёв Яковлев Романов Сергеев Фролов Дмитриев Гусев Ильин Поляков Виноградов Белов
		Антонов Жуков Филиппов Давыдов Герасимов Осипов Матвеев Марков Крылов Карпов Мельников Гаврилов
		Казаков Данилов Тимофеев Чернов Мартынов Федотов Назаров Исаев Быков Родионов Филатов Наумов
		Леонов Емельянов Ефремов Панов Бирюков Галкин Белоусов Князев Аксёнов Савин Рыбаков Фадеев
		Ушаков Леонтьев Бородин Жданов Крюков Зуев Терентьев Константинов Чистяков Воронцов Кудряшов
		Головин Никонов Пахомов Ларионов Корнилов Лукин Панкратов Никольский Ермолаев Круглов Шмелёв
		Зорин Дорофеев Кулаков Петровский`,
	)
	chineseNames = strings.Split("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕", "")
)

// textKeys makes keys from random numbers; the number i makes them unique.
type textKeys struct{ *rand.Rand }

func (r textKeys) randomText(set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[r.IntN(len(set))]
	}
	return string(b)
}

// word prefers the first words of a list, as names in a table are not spread evenly.
func (r textKeys) word(list []string) string {
	return list[int(float64(len(list))*r.Float64()*r.Float64())]
}

func (r textKeys) uuid(int) string {
	h := r.randomText("0123456789abcdef", 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

func (r textKeys) name(i int) string {
	return fmt.Sprintf("%s, %s %d", r.word(lastNames), r.word(firstNames), i)
}

func (r textKeys) mixedCase(i int) string {
	switch name := r.name(i); i % 3 {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return strings.ToLower(name)
	default:
		return name
	}
}

// textKeyCase is a table whose key is text; AI in its column stands for a collation of the server without accents.
type textKeyCase struct {
	name, column string
	key          func(i int) string
}

func textKeyCases(r textKeys) []textKeyCase {
	base62 := func(int) string {
		return r.randomText("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 21)
	}
	russian := func(i int) string { return fmt.Sprint(r.word(russianNames), i) }
	return []textKeyCase{
		{"uuids", "CHAR(36) CHARACTER SET ascii", r.uuid},
		{"uppercase", "VARCHAR(36) COLLATE AI", func(i int) string { return strings.ToUpper(r.uuid(i)) }},
		{"base62", "VARCHAR(40) COLLATE AI", base62},
		{"base62bin", "VARCHAR(40) COLLATE utf8mb4_bin", base62},
		{"names", "VARCHAR(60) COLLATE AI", r.name},
		{"general", "VARCHAR(60) COLLATE utf8mb4_general_ci", r.name},
		{"swedish", "VARCHAR(60) COLLATE utf8mb4_swedish_ci", r.name},
		{"mixedcase", "VARCHAR(60) COLLATE AI", r.mixedCase},
		{"mixedbin", "VARCHAR(60) COLLATE utf8mb4_bin", r.mixedCase},
		{"emails", "VARCHAR(90) COLLATE AI", func(i int) string {
			return strings.ToLower(fmt.Sprintf("%s.%s%d@example.com", r.word(firstNames), r.word(lastNames), i))
		}},
		{"russian", "VARCHAR(60) COLLATE AI", russian},
		{"cp1251", "VARCHAR(60) CHARACTER SET cp1251", russian},
		{"chinese", "VARCHAR(60) CHARACTER SET gbk", func(i int) string { return fmt.Sprint(r.word(chineseNames), i) }},
	}
}

// No strategy knows a collation: only balance depends on that, and it stays within three targets.
func TestCutRangesOfTextKeys(t *testing.T) {
	t.Parallel()
	const n, want = 10000, 12
	cases := textKeyCases(textKeys{rand.New(rand.NewPCG(1, 2))})
	rows := make([]strings.Builder, len(cases))
	for c := range cases {
		for i := range n {
			fmt.Fprintf(
				&rows[c],
				"%s('%s', REPEAT('x', 90))",
				strings.Repeat(",", min(i, 1)),
				strings.ReplaceAll(cases[c].key(i), "'", "''"),
			)
		}
	}
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		ai := accentInsensitive(t, s, admin)
		for i, c := range cases {
			dbtest.Exec(
				t,
				admin,
				"CREATE TABLE "+c.name+" (a "+strings.Replace(c.column, "AI", ai, 1)+" PRIMARY KEY, v VARCHAR(100))",
				"INSERT IGNORE INTO "+c.name+" VALUES "+rows[i].String(),
			)
			analyze(t, admin, c.name)
			tbl := dbtest.Introspect(t, db, schema, c.name)
			ranges, err := scan.CutRanges(t.Context(), db, tbl, want, 100)
			require.NoError(t, err)
			counts, all := readRanges(t, db, tbl, ranges)
			require.Len(t, all, len(dbtest.Texts(t, admin, "SELECT 1 FROM "+c.name)), c.name)
			for _, k := range counts {
				require.LessOrEqual(t, k, 3*len(all)/want, "%s: %v", c.name, counts)
			}
		}
	})
}

// accentInsensitive is the server's newest collation that ignores accents and case.
func accentInsensitive(t *testing.T, s *servers.Server, admin *sql.DB) string {
	t.Helper()
	if s.Flavor == servers.FlavorMySQL {
		return "utf8mb4_0900_ai_ci"
	}
	const known = "SELECT COUNT(*) FROM information_schema.COLLATIONS WHERE COLLATION_NAME LIKE '%uca1400_ai_ci'"
	if dbtest.Texts(t, admin, known)[0] != "0" {
		return "utf8mb4_uca1400_ai_ci"
	}
	return "utf8mb4_unicode_520_ci"
}
