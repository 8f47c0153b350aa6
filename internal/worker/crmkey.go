// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"errors"
	"sync"
)

// crmKeys are the keys of the Secret that a CRM is asked with, as they were when it was first asked with them. Other ones may be of another account, where
// what the ledger knows by its id is somebody else: nothing is asked with those before that is checked.
type crmKeys struct {
	secret func(key string) (string, error)

	mu   sync.Mutex
	read map[string]crmKey
}

// crmKey is one of them; one that is not there counts, too.
type crmKey struct {
	value   string
	missing error
}

func newCRMKeys(secret func(key string) (string, error)) *crmKeys {
	return &crmKeys{secret: secret, read: map[string]crmKey{}}
}

// current key of the Secret. The error is that it is missing, or else one that may pass.
func (k *crmKeys) current(key string) (crmKey, error) {
	value, err := k.secret(key)
	var missing *NotFoundError
	if errors.As(err, &missing) {
		return crmKey{missing: err}, nil
	}
	return crmKey{value: value}, err
}

// get a key as it was read first.
func (k *crmKeys) get(key string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, is := k.read[key]; is {
		return was.value, was.missing
	}
	now, err := k.current(key)
	if err != nil {
		return "", err
	}
	k.read[key] = now
	return now.value, now.missing
}

// changed says whether the Secret has other keys by now than those that were read.
func (k *crmKeys) changed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, was := range k.read {
		if now, err := k.current(key); err == nil && (now.value != was.value || (now.missing == nil) != (was.missing == nil)) {
			return true
		}
	}
	return false
}
