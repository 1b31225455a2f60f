// Package report draws one page about all tables: what is wrong, how fresh each is, its last runs, what comparisons
// found. The page is one HTML file that loads nothing and runs no script, for readers without a dashboard.
package report
