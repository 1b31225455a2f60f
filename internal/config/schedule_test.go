package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/table"
)

func only(n int) []config.CalendarRange {
	return []config.CalendarRange{{First: n, Last: n, Step: 1}}
}

func TestSchedulesInOneForm(t *testing.T) {
	for text, want := range map[string]string{
		"": "off", "off": "off", "5m": "5m", "300s": "5m", "90s": "1m30s", "24h": "24h",
		"*/5 * * * *": "*/5 * * * *", " 0  3 * * * ": "0 3 * * *", "0 3 * * * Europe/Berlin": "0 3 * * * Europe/Berlin",
		"0,30 8-18/2 * jan-mar mon-fri": "0,30 8-18/2 * jan-mar mon-fri",
	} {
		s, err := config.ParseSchedule(text)
		require.NoError(t, err, text)
		require.Equal(t, want, s.String(), text)
		again, err := config.ParseSchedule(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again, text)
		require.Equal(t, want == "off", s.None())
	}
	s, err := config.ParseSchedule("5m")
	require.NoError(t, err)
	require.Equal(t, config.Schedule{Every: 5 * time.Minute}, s)
}

func TestWhatCronFieldsMean(t *testing.T) {
	s, err := config.ParseSchedule("*/15 8-18/2 * feb,11 sun,mon-fri")
	require.NoError(t, err)
	require.Equal(t, config.Calendar{
		Minute:     []config.CalendarRange{{First: 0, Last: 59, Step: 15}},
		Hour:       []config.CalendarRange{{First: 8, Last: 18, Step: 2}},
		DayOfMonth: []config.CalendarRange{{First: 1, Last: 31, Step: 1}},
		Month:      []config.CalendarRange{{First: 2, Last: 2, Step: 1}, {First: 11, Last: 11, Step: 1}},
		DayOfWeek:  []config.CalendarRange{{First: 0, Last: 0, Step: 1}, {First: 1, Last: 5, Step: 1}},
	}, s.Calendar)
	s, err = config.ParseSchedule("5/20 * * * 7")
	require.NoError(t, err)
	require.Equal(t, []config.CalendarRange{{First: 5, Last: 59, Step: 20}}, s.Calendar.Minute)
	require.Equal(t, only(0), s.Calendar.DayOfWeek, "7 is Sunday as well")
}

func TestSchedulesThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"daily":                `neither an interval such as 5m nor five cron fields`,
		"@daily":               `write 0 * * * * for @hourly`,
		"5":                    `neither an interval`,
		"1s":                   `allowed is 10s to 720h`,
		"1000h":                `allowed is 10s to 720h`,
		"10500ms":              `not a whole number of seconds`,
		"* * * *":              `has 4 fields, and a cron text has five`,
		"0 0 3 * * * UTC":      `has 7 fields`,
		"61 * * * *":           `has "61" for the minute: allowed is 0 to 59`,
		"* 24 * * *":           `has "24" for the hour: allowed is 0 to 23`,
		"* * 0 * *":            `has "0" for the day of the month: allowed is 1 to 31`,
		"* * * 13 *":           `has "13" for the month`,
		"* * * * funday":       `has "funday" for the day of the week: allowed is 0 to 6`,
		"*/0 * * * *":          `a step is a number from 1 to 59`,
		"30-10 * * * *":        `from the lower value to the higher`,
		"0 3 * * * Mars/Base":  `has "Mars/Base" where a time zone`,
		"0 3 * * * Local":      `has "Local" where a time zone`,
		"0 0 3 * * *":          `has "*" where a time zone`,
		"0 3 1 * mon":          `a day of the month and a day of the week`,
		"* , * * *":            `has "" for the hour`,
		"99999999999999999999": `neither an interval`,
	} {
		_, err := config.ParseSchedule(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestExcludesNarrowAFamily(t *testing.T) {
	c := load(t, small+`
  - { name: "shop.*", target: "dw.*", exclude: [shop.log_*, "shop.*_tmp", shop.secret], schedule: 5m }
  - { name: "shop.log_*", target: "dw.log_*", cursor: id }
`, shopEnv)
	for name, target := range map[string]string{
		"orders": "dw.orders", "log_1": "dw.log_1", "tmp": "dw.tmp",
		"secrets": "dw.secrets",
	} {
		got, err := c.Table(table.Name{Schema: "shop", Table: name})
		require.NoError(t, err, name)
		require.Equal(t, target, got.Target.String())
	}
	for _, name := range []string{"secret", "orders_tmp"} {
		_, err := c.Table(table.Name{Schema: "shop", Table: name})
		require.ErrorIs(t, err, config.ErrUnknownTable)
		require.EqualError(t, err, "table shop."+name+" is not in the configuration; tables[0].exclude leaves it "+
			"out of shop.*")
	}
	require.False(t, c.Patterns()[0].Match(table.Name{Schema: "shop", Table: "log_1"}))
	require.Equal(t, "5m", c.Patterns()[0].Settings().Schedule.String())
}

func TestExcludesThatMakeNoSense(t *testing.T) {
	for entry, want := range map[string]string{
		`{ name: shop.a, exclude: [shop.b] }`:          "tables[0].exclude: shop.a is one table",
		`{ name: "shop.a_*", exclude: ["shop.*"] }`:    "shop.* leaves out every table of shop.a_*",
		`{ name: "shop.a_*", exclude: ["shop.b"] }`:    "shop.b is none of shop.a_*",
		`{ name: "shop.a_*", exclude: ["a_1"] }`:       `"a_1" is not a table's name`,
		`{ name: "shop.a_*", exclude: ["crm.a_*"] }`:   "crm.a_* is none of shop.a_*",
		`{ name: "shop.a_*", exclude: { a: b } }`:      "must be a list, not a mapping",
		`{ name: "shop.a_*", exclude: ["shop.a_*_*"]}`: "more than one *",
	} {
		_, err := config.Load(strings.NewReader(small+"  - "+entry+"\n"), shopEnv)
		require.ErrorContains(t, err, want, entry)
	}
	// Two families of one target, kept apart by an exclude.
	load(t, small+`
  - { name: "a.*", target: "d.*", exclude: ["a.x_*"] }
  - { name: "b.x_*", target: "d.x_*" }
`, shopEnv)
}
