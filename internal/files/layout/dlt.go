package layout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/files"
)

// What dlt keeps beside the tables of a dataset.
const (
	dltInit    = "init"
	dltLoads   = "_dlt_loads/"
	dltSchemas = "_dlt_version/"
	dltStates  = "_dlt_pipeline_state/"
	// maxDLTDoc bounds what is read of a schema or a state, in bytes.
	maxDLTDoc = 64 << 20
)

// dltInternal are columns that dlt adds to each table.
var dltInternal = []string{"_dlt_id", "_dlt_load_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_list_idx"}

// dlt finds the loads of one table of a dataset: what <bucket_url>/<dataset_name> has.
type dlt struct {
	options Options
	path    dltPath
}

func newDLT(o Options, c complete) (discoverer, error) {
	if o.Table == "" {
		return nil, refuse("layout: dlt has no table: write dlt's name of it, such as orders or orders__lines")
	}
	if c.kind != DLT && c.kind != "" {
		return nil, refuse("complete: %s does not go with layout: dlt, which marks complete loads itself", o.Complete)
	}
	text := o.Path
	if text == "" {
		text = DefaultPath
	}
	p, err := parseDLTPath(text, o.Table)
	if err != nil {
		return nil, err
	}
	return dlt{options: o, path: p}.discover, nil
}

// dltMarker is the file of _dlt_loads that dlt writes when all of a load is there.
type dltMarker struct {
	files.Entry
	schema, load string
	time         time.Time
}

func (d dlt) discover(ctx context.Context, s files.Store) (Found, error) {
	if waits, err := d.checkInit(ctx, s); err != nil || len(waits) > 0 {
		return Found{Waiting: waits}, err
	}
	// Markers before files: a load that is completed in between is left to the next look.
	markers, err := d.markers(ctx, s)
	if err != nil {
		return Found{}, err
	}
	found := Found{Internal: dltInternal}
	schema, err := d.schema(ctx, s, markers, &found)
	if err != nil {
		return Found{}, err
	}
	loads, err := d.files(ctx, s, schema.name)
	if err != nil {
		return Found{}, err
	}
	if len(markers) == 0 {
		if err := d.checkStaging(ctx, s, loads); err != nil {
			return Found{}, err
		}
	}
	d.sort(&found, loads, markers, schema)
	found.Watermark, err = d.watermark(ctx, s, schema)
	return found, err
}

// checkInit makes sure that the url is a dataset of a version that is known.
func (d dlt) checkInit(ctx context.Context, s files.Store) ([]Wait, error) {
	e, err := s.Stat(ctx, dltInit)
	if errors.Is(err, files.ErrNotFound) {
		return d.withoutInit(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	text, err := readSmall(ctx, s, e, 4096)
	if err != nil {
		return nil, err
	}
	var version struct {
		Initial int `json:"initial_version"`
		Current int `json:"current_version"`
	}
	// Empty is version 1: its gzip files have no suffix .gz. What a file begins with says it in any version.
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Current < 1 || version.Current > 2 {
		return nil, refuse("init is of a version of dlt's storage that is not known here: 1 and 2 are")
	}
	return nil, nil
}

// enoughToSee is how many files are looked at to say what a folder without a dataset has.
const enoughToSee = 10_000

// withoutInit waits for the first load where nothing is there yet, and else says where a dataset is.
func (d dlt) withoutInit(ctx context.Context, s files.Store) ([]Wait, error) {
	seen, datasets := 0, []string(nil)
	err := s.List(ctx, "", func(e files.Entry) error {
		if path.Base(e.Key) == dltInit && strings.Count(e.Key, "/") <= 2 {
			datasets = append(datasets, path.Dir(e.Key))
		}
		if seen++; seen == enoughToSee {
			return files.ErrEnough
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, files.ErrEnough):
		return nil, err
	case seen == 0:
		why := "nothing is there yet: dlt writes init with its first load"
		return []Wait{{ID: dltInit, Why: why}}, nil
	case len(datasets) > 0:
		slices.Sort(datasets)
		return nil, refuse("the url has no file init, so it is no dataset of dlt; below it these are: %s",
			strings.Join(datasets[:min(len(datasets), 10)], ", "))
	}
	return nil, refuse("the url has no file init, so it is no dataset of dlt: write bucket_url/dataset_name")
}

// markers are those of all schemas, the oldest first.
func (d dlt) markers(ctx context.Context, s files.Store) (out []dltMarker, err error) {
	err = s.List(ctx, dltLoads, func(e files.Entry) error {
		name, ok := strings.CutSuffix(path.Base(e.Key), ".jsonl")
		cut := strings.LastIndex(name, "__")
		if !ok || cut < 0 {
			return nil
		}
		m := dltMarker{Entry: e, schema: name[:cut], load: name[cut+2:]}
		if m.time, ok = loadTime(m.load); ok {
			out = append(out, m)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b dltMarker) int { return a.time.Compare(b.time) })
	return out, err
}

// files are the table's, by load.
func (d dlt) files(ctx context.Context, s files.Store, schema string) (map[string]*Load, error) {
	loads, others := map[string]*Load{}, ""
	err := s.List(ctx, d.path.prefix, func(e files.Entry) error {
		of, id, ext, ok := d.path.read(e.Key)
		at, isTime := loadTime(id)
		switch {
		case !ok || !isTime:
			others = e.Key
			return nil
		case of != "" && schema != "" && of != schema:
			return nil
		}
		if loads[id] == nil {
			loads[id] = &Load{ID: id, Time: at}
		}
		f := File{Entry: e}
		base, gz := strings.CutSuffix(ext, ".gz")
		if gz {
			f.Compression = "gzip"
		}
		if f.Format = formats[base]; f.Format == "" {
			return refuse("%s: dlt writes %s, which is not read here: parquet, jsonl and csv are", e.Key, base)
		}
		loads[id].Files = append(loads[id].Files, f)
		return nil
	})
	if err == nil && len(loads) == 0 && others != "" && d.path.schema == 0 && !strings.HasPrefix(others, "_dlt_") {
		err = refuse("%s is not named as %s says: set path to the layout of dlt's destination", others, d.path.text)
	}
	for _, l := range loads {
		sortFiles(l.Files)
		l.Version = Version(l.Files)
	}
	return loads, err
}

// checkStaging refuses a folder that dlt fills and empties for another destination: it never has a marker.
func (d dlt) checkStaging(ctx context.Context, s files.Store, loads map[string]*Load) error {
	if len(loads) == 0 {
		return nil
	}
	begun := false
	err := s.List(ctx, dltSchemas, func(files.Entry) error {
		begun = true
		return nil
	})
	if err == nil && !begun {
		err = refuse("the dataset has files of %s and neither schemas nor markers of loads: it is what dlt stages for "+
			"another destination, which removes files at any time. Let a pipeline write it with "+
			"destination=filesystem and no staging", d.options.Table)
	}
	return err
}

// sort puts each load where it belongs: complete, being written, or ignored.
func (d dlt) sort(found *Found, loads map[string]*Load, markers []dltMarker, schema dltSchema) {
	done := map[string]dltMarker{}
	for _, m := range markers {
		done[m.load] = m
	}
	var pending []Load
	for _, l := range loads {
		if m, ok := done[l.ID]; ok {
			l.Completed = m.Arrived()
			found.Loads = append(found.Loads, *l)
		} else {
			pending = append(pending, *l)
		}
	}
	found.Ignored = len(pending)
	if found.Schema == nil || found.Schema.Disposition != "replace" {
		return
	}
	sortLoads(found.Loads)
	sortLoads(pending)
	n := len(found.Loads)
	switch {
	case len(pending) > 0 && (n == 0 || pending[len(pending)-1].Time.After(found.Loads[n-1].Time)):
		l := pending[len(pending)-1]
		found.Loads, found.Ignored = nil, found.Ignored-1
		found.Waiting = append(found.Waiting, Wait{ID: l.ID, Since: l.Files[0].Modified, Why: fmt.Sprintf(
			"load %s replaces the table and has no marker in %s yet", l.ID, dltLoads)})
	case n > 0:
		found.Loads = found.Loads[n-1:]
		found.Loads[0].Replaces = true
	default:
		for _, m := range slices.Backward(markers) {
			if m.schema == schema.name {
				found.Loads = []Load{{ID: m.load, Version: "emptied", Time: m.time, Replaces: true, Emptied: true}}
				break
			}
		}
	}
}
