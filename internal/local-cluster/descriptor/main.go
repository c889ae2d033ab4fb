// Writes src/api/protobuf/messages.json: the protobuf messages of the kinds that the local cluster reads, from the Go types of
// Kubernetes itself. Run it for another release of Kubernetes: `go run . > ../src/api/protobuf/messages.json`.
//
// The types tell more than the .proto files: which fields are pointers (a zero is a value), which structs are inline in JSON, and
// the names that JSON has.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	authorization "k8s.io/api/authorization/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SelfSubjectReview is the part of authentication.k8s.io's that a client sends. Its status has an ExtraValue of its own package.
type SelfSubjectReview struct {
	meta.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`
}

// A field: its type, `id`, and what JSON needs to know of it.
type field struct {
	Type    string         `json:"type"`
	ID      int            `json:"id"`
	Rule    string         `json:"rule,omitempty"`
	KeyType string         `json:"keyType,omitempty"`
	Options map[string]any `json:"options,omitempty"`
}

type message struct {
	Fields map[string]field `json:"fields"`
}

var messages = map[string]message{}
var types = map[string]reflect.Type{}

// nameOf returns the name of a message. Two types of one name would need packages.
func nameOf(t reflect.Type) string {
	if other, known := types[t.Name()]; known && other != t {
		panic("two types of one name: " + t.String() + ", " + other.String())
	}
	types[t.Name()] = t
	return t.Name()
}

// typeOf returns the protobuf type of a Go type, and adds the message that it is.
func typeOf(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int32:
		return "int32"
	case reflect.Int64, reflect.Int:
		return "int64"
	case reflect.Uint8:
		return "uint32"
	case reflect.Float64:
		return "double"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		// A named slice, such as ExtraValue, is a message with one list in it.
		if _, known := messages[nameOf(t)]; !known {
			messages[nameOf(t)] = message{Fields: map[string]field{
				"items": {Type: typeOf(t.Elem()), ID: 1, Rule: "repeated", Options: map[string]any{"list": true}},
			}}
		}
		return nameOf(t)
	case reflect.Struct:
		add(t)
		return nameOf(t)
	}
	panic("no protobuf type for " + t.String())
}

// add adds the message of a struct, and those of its fields.
func add(t reflect.Type) {
	name := nameOf(t)
	if _, known := messages[name]; known {
		return
	}
	switch name {
	case "Time", "MicroTime":
		messages[name] = message{Fields: map[string]field{"seconds": {Type: "int64", ID: 1}, "nanos": {Type: "int32", ID: 2}}}
		return
	case "Quantity":
		messages[name] = message{Fields: map[string]field{"string": {Type: "string", ID: 1}}}
		return
	case "IntOrString":
		messages[name] = message{Fields: map[string]field{
			"type": {Type: "int64", ID: 1}, "intVal": {Type: "int32", ID: 2}, "strVal": {Type: "string", ID: 3}}}
		return
	case "RawExtension", "FieldsV1":
		messages[name] = message{Fields: map[string]field{"raw": {Type: "bytes", ID: 1}}}
		return
	}
	made := message{Fields: map[string]field{}}
	messages[name] = made
	for i := range t.NumField() {
		at := t.Field(i)
		tag := strings.Split(at.Tag.Get("protobuf"), ",")
		if len(tag) < 2 {
			continue
		}
		id, _ := strconv.Atoi(tag[1])
		asJSON := strings.Split(at.Tag.Get("json"), ",")
		jsonName := asJSON[0]
		options := map[string]any{}
		inline := jsonName == "" || strings.Contains(at.Tag.Get("json"), ",inline")
		if inline {
			options["inline"] = true
			jsonName = strings.ToLower(at.Name[:1]) + at.Name[1:]
		}
		omitempty := strings.Contains(at.Tag.Get("json"), "omitempty")
		if at.Type.Kind() == reflect.Pointer || !omitempty {
			options["keepZero"] = true
		}
		made.Fields[jsonName] = fieldOf(at.Type, id, options)
	}
}

func fieldOf(t reflect.Type, id int, options map[string]any) field {
	if len(options) == 0 {
		options = nil
	}
	switch {
	case t.Kind() == reflect.Map:
		return field{Type: typeOf(t.Elem()), KeyType: "string", ID: id}
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return field{Type: typeOf(t.Elem()), Rule: "repeated", ID: id}
	}
	made := field{Type: typeOf(t), ID: id, Options: options}
	if _, isMessage := messages[made.Type]; isMessage && options["inline"] == nil {
		// A message that was sent is kept as it is.
		made.Options = nil
	}
	return made
}

func main() {
	for _, root := range []any{
		core.Namespace{}, core.Pod{}, core.Secret{}, core.ConfigMap{}, core.ServiceAccount{}, core.Event{},
		batch.Job{}, meta.DeleteOptions{}, policy.Eviction{},
		authorization.SelfSubjectAccessReview{}, authorization.SubjectAccessReview{}, authorization.LocalSubjectAccessReview{},
		authorization.SelfSubjectRulesReview{}, SelfSubjectReview{},
	} {
		add(reflect.TypeOf(root))
	}
	// One message a line.
	names := slices.Sorted(maps.Keys(messages))
	lines := []string{}
	for _, name := range names {
		text, err := json.Marshal(messages[name])
		if err != nil {
			panic(err)
		}
		lines = append(lines, strconv.Quote(name)+": "+string(text))
	}
	fmt.Println("{\n" + strings.Join(lines, ",\n") + "\n}")
}
