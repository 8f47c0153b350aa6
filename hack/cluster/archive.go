// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// imageSettings are what a container of the image runs with by default.
type imageSettings struct {
	User       string   `json:"User,omitempty"`
	Env        []string `json:"Env,omitempty"`
	Entrypoint []string `json:"Entrypoint,omitempty"`
	Cmd        []string `json:"Cmd,omitempty"`
	WorkingDir string   `json:"WorkingDir,omitempty"`
}

// imageConfig is the image's configuration blob. It has no time but the epoch
// and no host's name, so that the same content gives the same digest.
type imageConfig struct {
	Created      time.Time     `json:"created"`
	Architecture string        `json:"architecture"`
	OS           string        `json:"os"`
	Config       imageSettings `json:"config"`
	RootFS       imageRootFS   `json:"rootfs"`
}

type imageRootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

var epoch = time.Unix(0, 0).UTC()

// writeArchive writes a docker-archive with one layer, the form that both
// `ctr images import` and `kind load image-archive` read.
func writeArchive(out, tag string, settings imageSettings, fill func(*tar.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	layer, err := os.CreateTemp(filepath.Dir(out), ".layer-*")
	if err != nil {
		return err
	}
	defer os.Remove(layer.Name())
	defer layer.Close()
	diffID, err := writeLayer(layer, fill)
	if err != nil {
		return err
	}
	config, err := json.Marshal(imageConfig{
		Created: epoch, Architecture: runtime.GOARCH, OS: "linux", Config: settings,
		RootFS: imageRootFS{Type: "layers", DiffIDs: []string{"sha256:" + diffID}},
	})
	if err != nil {
		return err
	}
	return assemble(out, tag, config, layer, diffID+"/layer.tar")
}

func writeLayer(f *os.File, fill func(*tar.Writer) error) (sha string, err error) {
	sum := sha256.New()
	tw := tar.NewWriter(io.MultiWriter(f, sum))
	if err := fill(tw); err != nil {
		return "", err
	}
	if err := tw.Close(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// assemble writes the archive under a temporary name and renames it.
func assemble(out, tag string, config []byte, layer *os.File, layerName string) error {
	configName := fmt.Sprintf("%x.json", sha256.Sum256(config))
	manifest, err := json.Marshal([]map[string]any{
		{"Config": configName, "RepoTags": []string{tag}, "Layers": []string{layerName}},
	})
	if err != nil {
		return err
	}
	size, err := layer.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f, err := os.Create(out + ".tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	tw := tar.NewWriter(f)
	for _, part := range []struct {
		name string
		body []byte
	}{{configName, config}, {"manifest.json", manifest}} {
		if err := addFile(tw, part.name, 0o644, part.body); err != nil {
			return err
		}
	}
	if err := tw.WriteHeader(header(layerName, 0o644, size)); err != nil {
		return err
	}
	if _, err := io.Copy(tw, layer); err != nil {
		return err
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), out)
}

func header(name string, mode, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size, ModTime: epoch, Format: tar.FormatPAX}
}

func addFile(tw *tar.Writer, name string, mode int64, body []byte) error {
	if err := tw.WriteHeader(header(name, mode, int64(len(body)))); err != nil {
		return err
	}
	_, err := tw.Write(body)
	return err
}

func addFolder(tw *tar.Writer, name string, mode int64) error {
	h := header(name+"/", mode, 0)
	h.Typeflag = tar.TypeDir
	return tw.WriteHeader(h)
}

// addFromDisk copies a program of this machine into the layer.
func addFromDisk(tw *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := tw.WriteHeader(header(name, 0o755, info.Size())); err != nil {
		return err
	}
	_, err = io.Copy(tw, f)
	return err
}
