// SPDX-License-Identifier: Apache-2.0

// Package crd holds the CustomResourceDefinitions as the API server gets them, for programs that judge objects as it does.
package crd

import "embed"

// Bases are the files of the four kinds.
//
//go:embed bases/*.yaml
var Bases embed.FS
