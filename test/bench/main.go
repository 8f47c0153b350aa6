// SPDX-License-Identifier: Apache-2.0

// Command bench runs `kubectl sla backtest` and DuckDB over the same leads and the same rules, each as a process of its own, checks that
// they agree, and prints how fast each is and how much memory it takes. It is a module of its own: DuckDB is a large library.
package main

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

// answer of either side.
type answer struct {
	Months []month `json:"months"`
	Leads  int64   `json:"leads"`
	MQLs   int64   `json:"mqls"`

	Converted int64   `json:"converted"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

type month struct {
	Month     string `json:"month"`
	Leads     int64  `json:"leads"`
	MQLs      int64  `json:"mqls"`
	Converted int64  `json:"converted"`
}

// cost of a process.
type cost struct {
	took   time.Duration
	cpu    time.Duration
	memory int64 // at its peak, in bytes
}

func main() {
	leads := flag.Int("leads", 1_000_000, "leads to generate")
	runs := flag.Int("runs", 3, "runs of each side; the fastest counts")
	dir := flag.String("dir", "", "folder of the leads (a temporary one when empty)")
	tool := flag.String("tool", "kubectl-sla", "the built kubectl-sla")
	query := flag.String("query", "", "be the DuckDB side: run rules.sql over this file")
	flag.Parse()
	err := error(nil)
	if *query != "" {
		err = duck(*query)
	} else {
		err = compare(*leads, *runs, *dir, *tool)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(leads, runs int, dir, tool string) error {
	if dir == "" {
		temp, err := os.MkdirTemp("", "bench-backtest-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		dir = temp
	}
	file := filepath.Join(dir, fmt.Sprintf("leads-%d.csv", leads))
	if err := generate(file, leads); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("%d leads, %.0f MB, 25 rules; the fastest of %d runs, in turns\n\n", leads, float64(info.Size())/1e6, runs)
	var ours, theirs answer
	var a, b []cost
	for range runs {
		x, err := measure(&ours, tool, "backtest", "-f", "rules.yaml", "--leads", file, "--outcome", "won", "-o", "json")
		if err != nil {
			return err
		}
		y, err := measure(&theirs, self, "-query", file)
		if err != nil {
			return err
		}
		a, b = append(a, x), append(b, y)
	}
	if err := same(ours, theirs); err != nil {
		return err
	}
	fmt.Printf("both: %d leads, %d MQLs over %d months, precision %.4f, recall %.4f\n\n", ours.Leads, ours.MQLs, len(ours.Months), ours.Precision, ours.Recall)
	x, y := fastest(a), fastest(b)
	fmt.Printf("| | rows a second | time | CPU time | peak memory |\n|---|---:|---:|---:|---:|\n")
	row("kubectl sla backtest", x, leads)
	row("DuckDB", y, leads)
	fmt.Printf("| ratio | %.2f | | %.2f | %.2f |\n", float64(y.took)/float64(x.took), float64(x.cpu)/float64(y.cpu), float64(x.memory)/float64(y.memory))
	return nil
}

func row(name string, c cost, leads int) {
	fmt.Printf("| %s | %.0f | %.2f s | %.2f s | %.0f MiB |\n", name, float64(leads)/c.took.Seconds(), c.took.Seconds(), c.cpu.Seconds(), float64(c.memory)/(1<<20))
}

func fastest(all []cost) cost {
	return slices.MinFunc(all, func(a, b cost) int { return cmp.Compare(a.took, b.took) })
}

// measure a process from its start to its end.
func measure(to *answer, name string, args ...string) (cost, error) {
	cmd := exec.Command(name, args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil {
		return cost{}, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, problems.String())
	}
	*to = answer{}
	if err := json.Unmarshal(out.Bytes(), to); err != nil {
		return cost{}, err
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{took: took, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: usage.Maxrss * 1024}, nil
}

// same says whether both sides found the same.
func same(a, b answer) error {
	switch {
	case !slices.Equal(a.Months, b.Months):
		return fmt.Errorf("the months differ:\n%v\n%v", a.Months, b.Months)
	case a.Leads != b.Leads, a.MQLs != b.MQLs, a.Converted != b.Converted, a.Precision != b.Precision, a.Recall != b.Recall:
		return fmt.Errorf("the sums differ:\n%+v\n%+v", a, b)
	}
	return nil
}

// duck answers with DuckDB.
func duck(file string) error {
	text, err := os.ReadFile("rules.sql")
	if err != nil {
		return err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.Query(strings.Replace(string(text), "$FILE", "'"+strings.ReplaceAll(file, "'", "''")+"'", 1))
	if err != nil {
		return err
	}
	defer rows.Close()
	var a answer
	hits := int64(0)
	for rows.Next() {
		var m month
		var both int64
		if err := rows.Scan(&m.Month, &m.Leads, &m.MQLs, &m.Converted, &both); err != nil {
			return err
		}
		a.Months = append(a.Months, m)
		a.Leads, a.MQLs, a.Converted, hits = a.Leads+m.Leads, a.MQLs+m.MQLs, a.Converted+m.Converted, hits+both
	}
	if err := rows.Err(); err != nil {
		return err
	}
	a.Precision, a.Recall = float64(hits)/float64(a.MQLs), float64(hits)/float64(a.Converted)
	return json.NewEncoder(os.Stdout).Encode(a)
}
