"""Projections: from columns as they arrived to canonical arrays, kept on disk, split for evaluation."""
